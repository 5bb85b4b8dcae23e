"""`runs.validate.validate` from Python: what the command writes, without its noise."""

import json

import pandas as pd
import pytest

from datafeeds.errors import MarketError
from datafeeds.simulated.market import simulate, simulate_with_truth
from runs.commandline.command import InputError
from runs.outcome.folder import FolderError
from runs.outcome.writing import jsonable
from runs.stress import stress
from runs.validate import main, validate


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Return a validation, having seen that it says nothing and writes nothing."""
    folder = tmp_path_factory.mktemp("nothing")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        found = validate(simulate(4, bars=1200), half_life_hours=48)
    assert not list(folder.iterdir())
    return found


def test_door_and_command_hold_the_same_record_and_page(quiet, tmp_path, capsys):
    simulate(4, bars=1200).frame.drop(columns="open_interest_break").to_parquet(tmp_path / "market.parquet")
    found = validate(tmp_path / "market.parquet", half_life_hours=48)
    assert capsys.readouterr() == ("", "")
    arguments = ["--data", str(tmp_path / "market.parquet"), "--set", "half_life_hours=48"]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found.record
    saved = found.save(tmp_path / "saved")
    for name in ("validation.json", "validation.html"):
        assert (saved / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert found.record["claims"] == quiet.record["claims"], "a market in memory is the same as its file"


def test_claims_are_a_table_of_the_records_weakest_tests(quiet):
    assert isinstance(quiet.claims, pd.DataFrame)
    assert list(quiet.claims.index) == [claim["name"] for claim in quiet.record["claims"]]
    assert quiet.claims["verdict"].value_counts().to_dict() == {k: v for k, v in quiet.record["counts"].items() if v}
    tested = next(claim for claim in quiet.record["claims"] if claim["weakest"])
    row = quiet.claims.loc[tested["name"]]
    assert (row["estimate"], row["low"], row["high"]) == tuple(
        tested["weakest"][k] for k in ("estimate", "low", "high")
    )


def test_a_simulated_market_with_its_truth_knows_the_prices_of_liquidations():
    found = validate(simulate_with_truth(4, 400))
    assert found.record["data"]["simulated"]
    assert len(found.claims) == len(validate(simulate(4, bars=400)).claims)


def test_a_list_of_markets_is_pooled_and_each_stands_by_itself(quiet):
    markets = [simulate(4, bars=1200), simulate_with_truth(6, 900)]
    found = validate(markets, half_life_hours=48)
    assert [one.record["data"]["name"] for one in found.markets] == ["simulated-4", "simulated-6"]
    assert found.markets[0].record == quiet.record
    assert repr(found).startswith("Validation(simulated-4 and simulated-6, 2,100 bars")
    assert list(found.claims.index) == [claim["name"] for claim in found.record["claims"]]
    assert quiet.markets[0].record == validate([markets[0]], half_life_hours=48).record == quiet.record
    assert found.markets[1].claims.loc["capture_long", "estimate"] == found.claims.loc["capture_long", "estimate"]


def test_the_text_is_one_line_and_the_notebooks_escaped(quiet):
    assert repr(quiet).startswith("Validation(simulated-4, 1,200 bars 2024-01-01..")
    assert len(repr(quiet)) < 200
    assert "\n" not in repr(quiet)
    hostile = type(quiet)({**quiet.record, "data": {**quiet.record["data"], "name": "<script>"}})
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()


def test_the_page_is_written_where_asked_and_a_folder_of_others_is_kept(quiet, tmp_path):
    assert quiet.to_html(tmp_path / "page.html") is None
    assert (tmp_path / "page.html").read_text() == quiet.to_html()
    with pytest.raises(FolderError, match="holds other files"):
        quiet.save(tmp_path)
    quiet.save(tmp_path / "mine")
    with pytest.raises(FolderError, match="earlier run"):
        quiet.save(tmp_path / "mine")
    assert quiet.save(tmp_path / "mine", overwrite=True) == tmp_path / "mine"


def test_bad_input_is_a_typed_error_with_the_commands_sentence():
    with pytest.raises(
        InputError, match="unknown parameter 'liquidation_price_spred': did you mean 'liquidation_price_spread'"
    ):
        validate(simulate(4, bars=100), liquidation_price_spred=0.1)
    with pytest.raises(InputError, match=r"outside \[0.01, 0.5\]"):
        validate(simulate(4, bars=100), liquidation_price_spread=7)
    with pytest.raises(MarketError, match="nowhere"):
        validate("nowhere.parquet")
    with pytest.raises(InputError, match="hold the same bars"):
        validate([simulate(4, bars=100), simulate(4, bars=100)])
    with pytest.raises(InputError, match="at least one market"):
        validate([])


@pytest.mark.parametrize("ask", [validate, stress])
def test_a_table_of_bars_is_its_market(ask):
    market = simulate(1, bars=200)
    table = market.frame.drop(columns="open_interest_break").set_index("ts").rename(columns=str.upper)
    ours, theirs = (jsonable({**ask(data).record, "data": None}) for data in (table, market))
    assert ours == theirs
