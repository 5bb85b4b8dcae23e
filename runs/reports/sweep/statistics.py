"""The part of a sweep's page that tells luck from skill: the statistics, each with what it means."""

from typing import Any

from runs.reports.numbers import quantity
from runs.reports.page import escape

STATISTICS_STYLE = """
dl{display:grid;grid-template-columns:15rem 1fr;gap:.35rem 1rem;font-size:.9rem;margin:.4rem 0}dt{font-weight:600}dd{margin:0}
@media (max-width:40rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
"""


def statistics_section(summary: dict[str, Any]) -> str:
    """Return the table of the statistics of a sweep's summary."""
    statistics = summary["statistics"]
    rows = [
        *_ability(statistics["superior_ability"]),
        *_overfitting(statistics["overfitting"]),
        *_deflation(statistics["deflation"]),
        _row("probabilistic Sharpe of the best", quantity(statistics["probabilistic_sharpe"], "share"),
             "The chance that its true Sharpe ratio is above zero, had nothing else been tried."),
        *_orders(statistics["trade_order_drawdown"]),
    ]  # fmt: skip
    why = escape(statistics["superior_ability"]["why"])
    lines = "".join(
        f"<dt>{name}</dt><dd><b>{value}</b> <span class='faint'>{meaning}</span></dd>" for name, value, meaning in rows
    )
    return (
        f"<section id='statistics'><h2>How likely it is luck</h2><dl>{lines}</dl><p class='faint'>{why}</p></section>\n"
    )


def _row(name: str, value: str, meaning: str) -> tuple[str, str, str]:
    return escape(name), value, meaning


def _ability(tests: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for key, name, noise in (("cash", "cash", "noise"), ("buy_and_hold", "buy and hold", "noise around buy and hold")):
        test = tests[key]
        if test is None:
            rows.append(_row(f"SPA p against {name}", "-", "Could not be made: too few days, or no returns that vary."))
            continue
        meaning = (
            f"How often a sweep like this over {noise} does as well. Lower {quantity(test['p_lower'])}, upper "
            f"{quantity(test['p_upper'])}, White's reality check {quantity(test['reality_check'])}. Blocks of "
            f"{quantity(test['block_length_days'])} days, {quantity(test['draws'])} draws. Strongest: trial "
            f"{quantity(test['best'])}."
        )
        rows.append(_row(f"SPA p against {name}", quantity(test["p_consistent"]), meaning))
    return rows


def _overfitting(found: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if found is None:
        return [_row("probability of overfitting (PBO)", "-", "Needs two trials that vary and eight days.")]
    below = (
        "How often the best on one half of the days is below the median on the other, over "
        f"{quantity(found['splits'])} splits of {quantity(found['blocks'])} blocks. Noise has about a half, with a wide spread "
        f"(one standard deviation .15). Logits (5 %, median, 95 %): {quantity(found['logit_5'])}, "
        f"{quantity(found['logit_median'])}, {quantity(found['logit_95'])}."
    )
    lost = (
        f"How often the choice loses on the other half. Its Sharpe ratio goes from "
        f"{quantity(found['sharpe_in_sample_median'])} to {quantity(found['sharpe_out_of_sample_median'])} (medians). Slope of "
        f"degradation: {quantity(found['degradation_slope'])}."
    )
    return [
        _row("probability of overfitting (PBO)", quantity(found["probability"], "share"), below),
        _row("chosen, then lost", quantity(found["probability_of_loss"], "share"), lost),
    ]


def _deflation(found: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if found is None:
        return [_row("deflated Sharpe", "-", "Needs two trials that vary.")]
    rows = []
    for key, name, noise in (
        ("raw", "all independent", "the best of independent noise has about 0.5"),
        ("effective", "effective number", "this number leans low, and so the ratio high"),
    ):
        part = found[key]
        years = part["minimum_backtest_length_years"]
        length = f"{quantity(years)} years" if years is not None else "not defined"
        meaning = (
            f"{quantity(part['trials'])} trials of noise with this spread have a best Sharpe ratio of "
            f"{quantity(part['expected_maximum_sharpe'])}. The best here (trial {quantity(found['best'])}) has "
            f"{quantity(found['sharpe'])}. No p-value: {noise}. Minimum backtest length {length}, here "
            f"{quantity(found['years'])}."
        )
        rows.append(_row(f"deflated Sharpe, {name}", quantity(part["deflated_sharpe"]), meaning))
    return rows


def _orders(found: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    if found is None:
        return []
    meaning = (
        f"The best's {quantity(found['trades'])} trades in random order: median {quantity(found['median'], 'share')}, one in "
        f"twenty beyond {quantity(found['quantile_95'], 'share')}. Deeper than seen in "
        f"{quantity(found['probability_worse'], 'share')} of orders."
    )
    return [_row("drawdown by trades", quantity(found["observed"], "share"), meaning)]
