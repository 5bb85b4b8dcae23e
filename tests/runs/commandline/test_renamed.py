"""Whoever writes an old name is told the new one in one line, wherever the name stands."""

import json

import numpy as np
import pytest

from indicators.liquidation.parameter_fields import Readable, unknown
from indicators.liquidation.renamed import REMOVED, RENAMED
from indicators.liquidation.snapshot import SNAPSHOT
from runs import backtest, sweep
from strategies import intent

RULES = {
    "magnet": ("nearest", "farthest", "stop_ranges"),
    "cascade": ("least_drop", "least_risk", "against_stop_ranges", "against_target_ranges"),
    "wipe": ("reward", "retest", "least_age_bars"),
}
OLD = [(strategy, name) for strategy, names in RULES.items() for name in names]


def error_of(command, *words, capsys):
    assert command.main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


@pytest.mark.parametrize(("strategy", "old"), OLD)
@pytest.mark.parametrize("group", ["", "rule."])
def test_set_and_param_name_the_new_parameter(strategy, old, group, capsys):
    said = f"parameter '{group}{old}' is now called {RENAMED[old]!r}"
    assert said in error_of(backtest, "--strategy", strategy, "--set", f"{group}{old}=1", capsys=capsys)
    assert said in error_of(sweep, "--strategy", strategy, "--param", f"{group}{old}=1,2", capsys=capsys)


@pytest.mark.parametrize(("strategy", "old"), OLD)
def test_files_of_settings_name_the_new_parameter(strategy, old, tmp_path, capsys):
    (tmp_path / "a.toml").write_text(f'strategy = "{strategy}"\n[rule]\n{old} = 1.0\n')
    (tmp_path / "run.json").write_text(json.dumps({"configuration": {"strategy": strategy, "rule": {old: 1.0}}}))
    for name in ("a.toml", "run.json"):
        err = error_of(backtest, "--config", tmp_path / name, "--out", tmp_path / "out", capsys=capsys)
        assert f"{old!r} is now called {RENAMED[old]!r}" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("old", ["calibrate", "loss_close_ratio", "half_life_spread"])
def test_a_parameter_of_the_old_model_is_gone_and_the_reason_is_said(old, capsys):
    err = error_of(backtest, "--strategy", "magnet", "--set", f"model.{old}=1", capsys=capsys)
    assert f"parameter 'model.{old}' is gone: {REMOVED[old]}" in err


def test_a_rule_that_reads_an_old_field_is_told_the_new_one():
    snapshot = Readable(np.zeros(1, dtype=SNAPSHOT)[0])
    with pytest.raises(AttributeError, match="'swept_long' is now called 'model_liquidated_long'"):
        _ = snapshot.swept_long
    with pytest.raises(AttributeError, match="'coverage' is gone: the map is a share"):
        _ = snapshot.coverage


@pytest.mark.parametrize(("old", "new"), [("leave", "close"), ("hold", "target_exposure")])
def test_a_users_rule_that_imports_an_old_intent_is_told_the_new_one(old, new, tmp_path, monkeypatch, capsys):
    (tmp_path / f"rule_with_{old}.py").write_text(f"from strategies.intent import {old}\n")
    monkeypatch.syspath_prepend(tmp_path)
    err = error_of(backtest, "--strategy", f"rule_with_{old}:Rule", capsys=capsys)
    assert f"intent {old!r} is now called {new!r}" in err


def test_every_new_intent_is_there_and_other_names_are_missing_as_ever():
    assert callable(intent.close)
    assert callable(intent.target_exposure)
    assert not hasattr(intent, "no_such_intent")


def test_an_old_name_means_nothing_where_the_new_one_is_not_known():
    assert unknown("parameter", "nearest", ["calm_exposure"]).startswith("unknown parameter")


def test_no_new_name_is_an_old_one():
    assert not set(RENAMED) & set(RENAMED.values())
