"""The pager against a venue of two lines: whatever it cuts or leaves out, all rows come, and few requests are made."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.catalog.coverage import union
from datafeeds.exchanges.paging import EMPTY_ANSWERS, Pager, clean
from datafeeds.series import Series

HOUR_MS, START_MS = 3_600_000, 1_717_200_000_000
RATIO, FUNDING = Series("x", "BTC/USDT:USDT", "long_short_ratio", "1h"), Series("x", "BTC/USDT:USDT", "funding")


class Venue:
    """Knows rows at some hours; a reply holds the oldest or the newest of a range, `most` at most; some replies may be hurt."""

    def __init__(self, series, hours, most, newest=False, hurt=None):
        self.series, self.most, self.newest, self.hurt = series, most, newest, hurt or {}
        self.ts = START_MS + np.array(sorted(hours), dtype=np.int64) * HOUR_MS
        self.asked = []

    async def fetch(self, start_ms, end_ms):
        assert start_ms < end_ms
        self.asked.append((start_ms, end_ms))
        inside = self.ts[(self.ts >= start_ms) & (self.ts < end_ms)]
        kept = inside[-self.most :] if self.newest else inside[: self.most]
        kept = self.hurt.get(len(self.asked), lambda rows: rows)(kept)
        value = "funding_rate" if self.series is FUNDING else "long_short_ratio"
        return clean(self.series, {"ts": kept, "known_at": kept.copy(), value: kept / START_MS - 0.5}, start_ms, end_ms)


def walked(venue, hours, page_rows, oldest_first=False, begins_hour=None, spacing_hours=1):
    """Return the hours that came and those that were answered, in `[0, hours)`."""
    begins = 0 if begins_hour is None else START_MS + begins_hour * HOUR_MS
    pager = Pager(venue.series, venue.fetch, page_rows, 0, oldest_first, spacing_hours * HOUR_MS, begins)

    async def job():
        return [answer async for answer in pager.pages(START_MS, START_MS + hours * HOUR_MS)]

    answers = asyncio.run(job())
    for rows, covered in answers:
        assert all(any(first <= ts < last for first, last in covered) for ts in rows["ts"])
    came = np.sort(np.concatenate([rows["ts"] for rows, _ in answers]))
    covered = union([pair for _, pairs in answers for pair in pairs])
    assert sum(last - first for _, pairs in answers for first, last in pairs) == sum(b - a for a, b in covered)
    return ((came - START_MS) // HOUR_MS).tolist(), [
        ((a - START_MS) // HOUR_MS, (b - START_MS) // HOUR_MS) for a, b in covered
    ]


@given(
    hours=st.integers(1, 60), present=st.sets(st.integers(0, 59)), page_rows=st.integers(2, 20), most=st.integers(1, 20),
    newest=st.booleans(), begins=st.none() | st.integers(0, 60),
)  # fmt: skip
def test_whatever_end_a_page_is_cut_at_all_rows_come_and_all_hours_are_answered(
    hours, present, page_rows, most, newest, begins
):
    there = {hour for hour in present if hour < hours}
    if begins is not None:  # rows begin there, or an hour or two before
        there = {hour for hour in there if hour >= begins} | {
            hour for hour in (begins - 2, begins - 1) if 0 <= hour < hours
        }
    venue = Venue(RATIO, there, min(most, page_rows), newest)
    came, answered = walked(venue, hours, page_rows, oldest_first=not newest, begins_hour=begins)
    assert came == sorted(there)
    assert answered == [(0, hours)]


@given(
    hours=st.integers(1, 600), interval=st.sampled_from([1, 4, 8]), page_rows=st.integers(2, 30), newest=st.booleans(),
)  # fmt: skip
def test_all_settlements_come_whatever_their_interval(hours, interval, page_rows, newest):
    there = set(range(0, hours, interval))
    venue = Venue(FUNDING, there, page_rows, newest)
    came, answered = walked(venue, hours, page_rows, oldest_first=not newest, spacing_hours=8)
    assert came == sorted(there)
    assert answered == [(0, hours)]
    assert len(venue.asked) <= -(-len(there) // max(page_rows - 1, 1)) * 2 + 2 * EMPTY_ANSWERS


def test_a_hole_that_a_second_reply_fills_is_none_and_one_that_it_repeats_is_there():
    torn = {1: lambda rows: np.delete(rows, 3)}
    venue = Venue(RATIO, range(10), 20, hurt=torn)
    assert walked(venue, 10, 20)[0] == list(range(10))
    assert len(venue.asked) == 2
    short = Venue(
        RATIO, range(10), 20, hurt=torn | {2: lambda rows: rows[:2]}
    )  # the second reply does not reach the hole
    assert walked(short, 10, 20)[0] == list(range(10))
    holed = Venue(RATIO, set(range(10)) - {2, 5, 6}, 20)
    assert walked(holed, 10, 20)[0] == [0, 1, 3, 4, 7, 8, 9]
    assert len(holed.asked) == 2


def test_a_hole_across_the_end_of_a_page_is_seen_by_both_and_costs_nothing_more():
    venue = Venue(RATIO, set(range(30)) - {8, 9}, 10, newest=True)
    assert walked(venue, 30, 10)[0] == [*range(8), *range(10, 30)]
    assert len(venue.asked) == 4  # the pages move by two hours


@pytest.mark.parametrize("empty", [1, 2])
def test_an_empty_reply_is_asked_for_again(empty):
    hurt = {number + 1: lambda rows: rows[:0] for number in range(empty)}
    venue = Venue(RATIO, range(10), 20, hurt=hurt)
    assert walked(venue, 10, 20) == (list(range(10)), [(0, 10)])
    assert len(venue.asked) == 1 + empty


def test_before_rows_should_begin_one_empty_reply_is_enough():
    venue = Venue(RATIO, range(50, 60), 10, newest=True)
    assert walked(venue, 60, 10, begins_hour=50)[0] == list(range(50, 60))
    assert len(venue.asked) == 2


def test_a_venue_said_to_begin_with_the_oldest_row_that_does_not_loses_nothing_where_its_page_is_full():
    venue = Venue(RATIO, range(30), 10, newest=True)
    assert walked(venue, 30, 10, oldest_first=True)[0] == list(range(30))
