"""The benchmark measures what it says it measures; how fast is for a person to read, not for a test to demand."""

import json

import pytest

from runs.benchmark import main


def test_the_figures_are_ratios_of_one_run(capsys):
    assert main(["--bars", "1200", "--rounds", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["bars"] == 1200
    assert [name[0] for name in figures["median"]] == ["a", "b", "c", "d", "e"]
    stock = figures["median"]["a stock backtrader: PandasData, SMA cross"]
    assert stock["times_stock"] == 1.0
    for row in figures["median"].values():
        assert (
            row["bars_per_second"] * row["seconds"] == 1200
            or abs(row["bars_per_second"] * row["seconds"] - 1200) < 1e-6
        )


@pytest.mark.slow
def test_the_whole_command_is_measured_with_its_second_process_and_its_memory(capsys):
    assert main(["--bars", "10000", "--whole", "--json"]) == 0  # compiling takes more memory than the run
    capsys.readouterr()
    assert main(["--bars", "10000", "--whole", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)["whole"]
    assert whole["processor_seconds"] > 1.0
    assert 0.1 < whole["peak_memory_gb"] < 1.0


def test_bad_usage_gets_one_line(capsys):
    assert main(["--bars", "10"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_reading_is_measured_against_a_plain_file(capsys):
    assert main(["--read", "5000", "--rounds", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["bars"], len(figures["reading"])) == (5000, 3)
    assert figures["reading"]["pandas, one plain file"]["times_plain"] == 1.0
    # No bound on the memory here: a read this small can end before arrow is asked what it holds.
    assert all(row["seconds"] > 0.0 for row in figures["reading"].values())


def test_reading_takes_less_than_three_times_its_arrays_in_memory(capsys):
    assert main(["--read", "300000", "--rounds", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["reading"]
    for name in ("catalog, rows", "catalog, checked market"):
        assert 0.5 < figures[name]["peak_memory_times_arrays"] < 3.0, name


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # backtrader forks
def test_sweeps_are_measured_in_one_run(capsys):
    assert main(["--bars", "1000", "--sweep", "10", "--rounds", "1", "--json"]) == 0
    sweeps = json.loads(capsys.readouterr().out)["sweeps"]
    ours = ("one process", "thresholds of signals", "readings of one map", "a map each")
    assert {*(f"ours, {name}" for name in ours), "optstrategy, 2 processes"} <= set(sweeps)
    for figure in sweeps.values():
        assert figure["combinations_per_second"] == figure["combinations"] / figure["seconds"]
    assert sweeps["optstrategy, 2 processes"]["times_optstrategy"] == 1.0


@pytest.mark.slow
def test_one_account_in_several_markets_is_measured_against_one(capsys):
    assert main(["--bars", "1000", "--markets", "2", "--rounds", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["joint"]
    assert set(figures) == {"candidate with its map", "further candidate", "event engine"}
    assert all(figure["times_one"] == figure["seconds"] / figure["one_seconds"] for figure in figures.values())
