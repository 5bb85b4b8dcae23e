"""The append-only record: what is read back, torn lines, damage, one writer."""

import json
import os

import numpy as np
import pytest

from datafeeds.catalog.rows import check_rows
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.live.journal import DAY_MS, Journal, journal_folder, read_journal
from datafeeds.live.journal_lines import Session
from datafeeds.live.liquidation import Liquidation, LiveMarket
from datafeeds.series import Series

MARKET = LiveMarket("BTCUSDT", "BTC/USDT:USDT")
FULL = Session("bybit", MARKET.symbol, "full", "all", "bankruptcy")
NOON = 1_700_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2
ALL = (0, 2**53)


def event(ts, size=1.0, side=1, known_at=None):
    return Liquidation(MARKET, ts, ts if known_at is None else known_at, side, 50_000.0, size)


def write(folder, events=(), alive=(), session=FULL):
    with Journal(folder, session) as journal:
        for one in events:
            journal.event(one, one.known_at)
        for pair in alive:
            journal.alive(*pair)
        journal.flush()


def files(folder):
    return sorted(file.name for file in folder.glob("*.jsonl"))


def test_it_lies_in_the_series_folder(tmp_path):
    series = Series("bybit", "BTC/USDT:USDT", "liquidations")
    assert journal_folder(Catalog(tmp_path), "bybit", "BTC/USDT:USDT") == Catalog(tmp_path).folder(series) / "live"


def test_what_is_written_is_read_bit_for_bit(tmp_path):
    rng = np.random.default_rng(3)
    sizes = np.exp(rng.normal(0.0, 8.0, 200))
    events = [event(NOON + 7 * i, float(size), 1 - 2 * (i % 2), NOON + 7 * i + 250) for i, size in enumerate(sizes)]
    write(tmp_path, events, [(NOON, NOON + 2000)])
    rows, covered, completeness = read_journal(tmp_path, *ALL)
    check_rows(Series("bybit", MARKET.symbol, "liquidations"), rows)
    assert rows["size"].tolist() == sizes.tolist()
    assert rows["ts"].tolist() == [one.ts for one in events]
    assert rows["known_at"].tolist() == [one.known_at for one in events]
    assert rows["side"].tolist() == [float(one.side) for one in events]
    assert (covered, completeness) == ([(NOON, NOON + 2000)], "full")


def test_rows_are_sorted_by_their_time_though_they_arrive_otherwise(tmp_path):
    write(tmp_path, [event(NOON + 5, 1.0, known_at=NOON + 10), event(NOON + 1, 2.0, known_at=NOON + 20)])
    rows, _, _ = read_journal(tmp_path, *ALL)
    assert rows["size"].tolist() == [2.0, 1.0]


def test_a_range_is_one_of_what_became_known_in_it(tmp_path):
    events = [
        event(NOON, size, known_at=NOON + known) for size, known in ((1.0, 999), (2.0, 1000), (3.0, 1999), (4.0, 2000))
    ]
    write(tmp_path, events, [(NOON, NOON + 3000)])
    rows, covered, _ = read_journal(tmp_path, NOON + 1000, NOON + 2000)
    assert rows["size"].tolist() == [2.0, 3.0]
    assert covered == [(NOON + 1000, NOON + 2000)]
    assert read_journal(tmp_path, NOON + 5000, NOON + 6000)[1:] == ([], "")


def test_nothing_recorded_is_nothing_known(tmp_path):
    rows, covered, completeness = read_journal(tmp_path / "nowhere", *ALL)
    assert (len(rows["ts"]), covered, completeness) == (0, [], "")


def test_midnight_splits_files_but_not_what_is_read(tmp_path):
    midnight = NOON + DAY_MS // 2
    write(
        tmp_path,
        [event(midnight - 5), event(midnight - 1, known_at=midnight + 3)],
        [(midnight - 4000, midnight + 2000)],
    )
    assert len(files(tmp_path)) == 2
    for file in files(tmp_path):
        assert json.loads((tmp_path / file).read_text().splitlines()[0])["kind"] == "session"
    rows, covered, _ = read_journal(tmp_path, midnight - 4000, midnight + 2000)
    assert len(rows["ts"]) == 2
    assert covered == [(midnight - 4000, midnight + 2000)]


def test_a_venue_whose_clock_is_ahead_at_midnight_is_found(tmp_path):
    midnight = NOON + DAY_MS // 2
    with Journal(tmp_path, FULL) as journal:
        journal.event(event(midnight + 2), midnight - 1)
        journal.flush()
    assert len(read_journal(tmp_path, midnight, midnight + 1000)[0]["ts"]) == 1


def test_a_part_that_was_throttled_makes_the_whole_throttled(tmp_path):
    write(tmp_path, [event(NOON)])
    write(tmp_path, [event(NOON + 5000)], session=Session("bybit", MARKET.symbol, "throttled", "one a second", "fill"))
    assert read_journal(tmp_path, *ALL)[2] == "throttled"
    assert read_journal(tmp_path, NOON, NOON + 1000)[2] == "full"


def test_a_file_cut_at_any_byte_keeps_its_whole_lines_and_goes_on(tmp_path):
    write(tmp_path, [event(NOON + i, 1.0 + i) for i in range(4)], [(NOON, NOON + 1000)])
    (name,) = files(tmp_path)
    content = (tmp_path / name).read_bytes()
    for cut in range(len(content) + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / name).write_bytes(content[:cut])
        whole = content[:cut].count(b"\n")
        kept = [1.0, 2.0, 3.0, 4.0][: max(whole - 1, 0)]
        assert read_journal(folder, *ALL)[0]["size"].tolist() == kept
        if cut % 5 == 0:
            write(folder, [event(NOON + 9, 9.0)])
            assert read_journal(folder, *ALL)[0]["size"].tolist() == [*kept, 9.0]
            assert (folder / name).read_bytes().startswith(content[:cut].rpartition(b"\n")[0])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x00\x00\x00",
        b"\xff\xfe",
        b"[]",
        b'{"kind":"event"}',
        b'{"kind":"noise"}',
        b'{"kind":"alive","from_ms":1700000001000,"to_ms":1700000001000}',
        b'{"kind":"alive","from_ms":true,"to_ms":1700000001000}',
        b'{"kind":"event","ts":1700000000000,"known_at":1700000000000,"side":0,"price":1.0,"size":1.0}',
        b'{"kind":"event","ts":1700000000000,"known_at":1699999999999,"side":1,"price":1.0,"size":1.0}',
        b'{"kind":"event","ts":1700000000000,"known_at":1700000000000,"side":1,"price":NaN,"size":1.0}',
        b'{"kind":"event","ts":1700000000000,"known_at":1700000000000,"side":1,"price":1.0,"size":-1.0}',
        b'{"kind":"session","format":2,"venue":"a","symbol":"b","completeness":"full","rule":"","price":""}',
        b'{"kind":"session","format":1,"venue":"a","symbol":"b","completeness":"half","rule":"","price":""}',
        b"[" * 100_000,
        b"9" * 5000,
    ],
    ids=lambda line: line[:60].decode("latin-1"),
)
def test_a_damaged_line_within_names_file_and_line(tmp_path, line):
    write(tmp_path, [event(NOON), event(NOON + 1)])
    (name,) = files(tmp_path)
    lines = (tmp_path / name).read_bytes().splitlines()
    (tmp_path / name).write_bytes(b"\n".join([*lines[:2], line, *lines[2:], b""]))
    with pytest.raises(MarketError, match=rf"{name} line 3 is damaged"):
        read_journal(tmp_path, *ALL)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path, time_limit):
    os.mkfifo(tmp_path / "2023-11-14.jsonl")
    time_limit(10)
    with pytest.raises(MarketError, match="no plain file"):
        read_journal(tmp_path, *ALL)


def test_a_file_without_a_session_is_refused(tmp_path):
    write(tmp_path, [event(NOON)])
    (name,) = files(tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes().split(b"\n", 1)[1])
    with pytest.raises(MarketError, match="line 1: no session"):
        read_journal(tmp_path, *ALL)


def test_any_damage_to_a_file_is_a_market_error_or_rows_that_can_be(tmp_path):
    write(tmp_path, [event(NOON + i, 1.0 + i) for i in range(3)], [(NOON, NOON + 1000)])
    (name,) = files(tmp_path)
    content = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(8)
    met = {True: 0, False: 0}
    for _ in range(1500):
        damaged = bytearray(content)
        for at in rng.integers(0, len(content), rng.integers(1, 3)):
            damaged[at] = rng.integers(0, 256) if rng.random() < 0.5 else rng.choice(list(b'0123456789",:{}-\n'))
        (tmp_path / name).write_bytes(bytes(damaged))
        try:
            rows, _, _ = read_journal(tmp_path, *ALL)
        except MarketError:
            met[False] += 1
            continue
        check_rows(Series("bybit", MARKET.symbol, "liquidations"), rows)
        met[True] += 1
    assert min(met.values()) > 20


def test_a_symbol_is_recorded_by_one_at_a_time(tmp_path):
    with Journal(tmp_path, FULL), pytest.raises(MarketError, match="recorded already"), Journal(tmp_path, FULL):
        pass
    write(tmp_path, [event(NOON)])  # and free again after both
    assert len(read_journal(tmp_path, *ALL)[0]["ts"]) == 1


def test_nothing_is_written_before_the_flush(tmp_path):
    with Journal(tmp_path, FULL) as journal:
        journal.event(event(NOON), NOON)
        assert files(tmp_path) == []
        journal.flush()
        assert len(files(tmp_path)) == 1


def test_after_a_failed_write_no_line_claims_what_was_lost(tmp_path):
    with Journal(tmp_path, FULL) as journal:
        journal.event(event(NOON), NOON)
        journal.flush()
        (file,) = tmp_path.glob("*.jsonl")
        aside = file.rename(tmp_path / "aside")
        file.mkdir()  # a name that cannot be opened, for any user
        journal.event(event(NOON + 1), NOON + 1)
        with pytest.raises(MarketError, match="cannot be written"):
            journal.flush()
        file.rmdir()
        aside.rename(file)
        journal.alive(NOON, NOON + 1000)
        journal.flush()
    rows, covered, _ = read_journal(tmp_path, *ALL)
    assert (len(rows["ts"]), covered) == (1, [])


def test_a_folder_that_cannot_be_made_is_a_market_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MarketError, match="cannot be written"), Journal(tmp_path / "file" / "live", FULL):
        pass
