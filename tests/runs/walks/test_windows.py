"""Windows: the test after the train and the gap, whole, in time, none sharing a test bar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.walks.windows import gap_bars, lay_windows, length_seconds, window_bars

LENGTHS = st.integers(1, 30)


@given(
    bars=st.integers(1, 200),
    train=LENGTHS,
    test=LENGTHS,
    more=st.integers(0, 20),
    gap=st.integers(0, 20),
    anchored=st.booleans(),
)
def test_windows_are_those_that_brute_force_finds(bars, train, test, more, gap, anchored):
    step = test + more
    expected = [
        (0 if anchored else first - gap - train, first - gap, first, first + test)
        for first in range(bars)
        if first + test <= bars and first - gap - train >= 0 and (first - gap - train) % step == 0
    ]
    if not expected:
        with pytest.raises(ValueError, match="no window fits"):
            lay_windows(bars, train, test, step, gap, anchored)
        return
    found = lay_windows(bars, train, test, step, gap, anchored)
    assert [(w.train_first, w.train_last, w.test_first, w.test_last) for w in found] == expected


@given(train=LENGTHS, test=LENGTHS, gap=st.integers(0, 20), anchored=st.booleans())
def test_tests_share_no_bar_and_every_gap_is_kept(train, test, gap, anchored):
    windows = lay_windows(300, train, test, test, gap, anchored)
    tested = [bar for window in windows for bar in range(window.test_first, window.test_last)]
    assert tested == list(range(train + gap, train + gap + len(tested)))  # once each, in time, without a hole
    assert 300 - (tested[-1] + 1) < test  # only what makes no whole window is left
    for window in windows:
        assert window.test_first - window.train_last == gap
        assert window.train_last - window.train_first >= train
        assert window.train_first >= 0


@pytest.mark.parametrize(("train", "test", "step", "gap"), [(0, 1, 1, 0), (1, 0, 1, 0), (1, 1, 1, -1), (5, 4, 3, 0)])
def test_windows_without_bars_and_overlapping_tests_are_refused(train, test, step, gap):
    with pytest.raises(ValueError, match="bar"):
        lay_windows(100, train, test, step, gap, False)


def test_lengths_are_read_and_rounded_to_the_safe_side():
    assert window_bars("--train", "2d", 3600) == 48
    assert window_bars("--train", "90m", 3600) == 1
    assert gap_bars(5400, 3600) == 2
    assert length_seconds("--purge", "0") == 0
    with pytest.raises(ValueError, match="shorter than a bar"):
        window_bars("--test", "30m", 3600)
    with pytest.raises(ValueError, match="--test 'soon'"):
        window_bars("--test", "soon", 3600)
