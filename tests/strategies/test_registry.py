"""Strategies by name."""

import backtrader as bt
import pytest

from strategies.registry import BUILT_IN, load_strategy


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_names_load(name):
    assert issubclass(load_strategy(name), bt.Strategy)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("magnt", "unknown strategy 'magnt': did you mean 'magnet'"),
        ("", "unknown strategy ''"),
        ("no_such_module:Thing", "there is no module 'no_such_module'"),
        ("strategies.magnet:Magnett", "did you mean 'Magnet'"),
        ("strategies.intent:Intent", "is no backtrader strategy"),
        ("os.path:join;rm", "is not of the form"),
        ("../evil:Thing", "is not of the form"),
    ],
)
def test_what_is_no_strategy_gets_one_sentence(name, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_strategy(name)


def test_a_module_of_the_users_folder_loads(tmp_path, monkeypatch):
    (tmp_path / "my_rules_of_today.py").write_text("import backtrader as bt\nclass Mine(bt.Strategy):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert load_strategy("my_rules_of_today:Mine").__name__ == "Mine"
