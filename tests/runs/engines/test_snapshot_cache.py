"""Heatmaps kept by content: the right one or a new one, whatever lies in the folder."""

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.rereading import SIGNALS, packed
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run
from runs.engines import shared_readings as shared
from runs.engines import snapshot_cache as module
from runs.engines.event import model_bars
from runs.engines.snapshot_cache import HEATMAPS_VARIABLE, Heatmaps, heatmaps_folder, prune

MODEL = ModelParameters()


@pytest.fixture(scope="module")
def market():
    return simulate(5, bars=300)


def fresh(market, model=MODEL):
    return run(build_model(model, market.bar_seconds), model_bars(market))


def same(ours, theirs):
    return ours.tobytes() == theirs.tobytes()


def test_a_heatmap_is_the_models_and_is_computed_once_for_all_processes(market, tmp_path, monkeypatch):
    assert same(Heatmaps(tmp_path).snapshots(market, MODEL), fresh(market))
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(module, "run", lambda *_: pytest.fail("computed again"))
    found = Heatmaps(tmp_path).snapshots(market, MODEL)
    assert same(found, np.load(next(tmp_path.iterdir())))
    assert not found.flags.writeable


def test_without_a_folder_nothing_is_written_and_the_same_is_found(market):
    kept = Heatmaps(None)
    assert kept.snapshots(market, MODEL) is kept.snapshots(market, MODEL)
    assert not kept.snapshots(market, MODEL).flags.writeable


@pytest.mark.parametrize(
    ("changed", "files"),
    [({"magnet_ratio": 3.0}, 1), ({"warmup_hours": 1.0}, 1), ({"cluster_threshold_kind": "quantile"}, 2)],
)
def test_every_parameter_counts_and_one_that_only_a_signal_reads_makes_no_map(market, tmp_path, changed, files):
    kept, other = Heatmaps(tmp_path), replace(MODEL, **changed)
    first = kept.snapshots(market, MODEL)
    assert same(kept.snapshots(market, other), fresh(market, other))
    assert same(kept.snapshots(market, MODEL), first)
    assert len(list(tmp_path.iterdir())) == files


def test_packed_fields_are_those_of_the_whole_snapshots(market):
    kind = np.dtype([(name, SNAPSHOT[name]) for name in ("close", *SIGNALS, "atr")])
    for model in (
        MODEL,
        replace(MODEL, magnet_ratio=1.2, gap_moderate_risk=0.2),
        replace(MODEL, cluster_prominence=0.5),
    ):
        whole, found = fresh(market, model), Heatmaps(None).packed(market, model, kind)
        assert all(np.array_equal(found[name], whole[name], equal_nan=True) for name in kind.names)


def test_a_heatmap_that_is_held_is_the_one_that_is_packed(market, monkeypatch):
    model, kept = replace(MODEL, magnet_ratio=3.0), Heatmaps(None)
    kept.hold(market, model, fresh(market, model))
    monkeypatch.setattr(module, "run", lambda *_: pytest.fail("computed again"))
    assert same(kept.packed(market, model, SNAPSHOT), fresh(market, model))


READINGS = [replace(MODEL, cluster_prominence=0.2 + 0.1 * number, magnet_ratio=3.0) for number in range(4)]
KIND = np.dtype([(name, SNAPSHOT[name]) for name in ("close", *SIGNALS, "atr")])


def test_expected_readings_of_a_map_come_of_one_pass_and_leave_nothing_on_the_disk(market, tmp_path, monkeypatch):
    expected = [*READINGS, *(replace(model, bin_width=0.002) for model in READINGS)]
    whole, passes = [fresh(market, model) for model in expected], []
    counted = shared.read_together
    monkeypatch.setattr(shared, "read_together", lambda some, *rest: passes.append(len(some)) or counted(some, *rest))
    monkeypatch.setattr(module, "run", lambda *_: pytest.fail("made a map of its own"))
    kept = Heatmaps(tmp_path)
    kept.expect(expected)
    for model, snapshots in zip(expected, whole, strict=True):
        assert same(kept.packed(market, model, KIND), packed(snapshots, KIND))
    assert passes == [4, 4]
    assert not list(tmp_path.iterdir())


def test_fields_that_a_pass_did_not_leave_are_read_anew(market):
    kept = Heatmaps(None)
    kept.expect(READINGS)
    kept.packed(market, READINGS[0], KIND)
    assert same(kept.packed(market, READINGS[0], SNAPSHOT), fresh(market, READINGS[0]))


@pytest.mark.parametrize(("markets", "passes"), [(2, [4, 4]), (1, [4, 4, 3, 3, 2, 2])])
def test_markets_read_maps_of_their_own_and_as_many_as_are_expected_in_turn_stay(market, monkeypatch, markets, passes):
    kept, other, sizes = Heatmaps(None), simulate(6, bars=300), []
    counted = shared.read_together
    monkeypatch.setattr(shared, "read_together", lambda some, *rest: sizes.append(len(some)) or counted(some, *rest))
    kept.expect(READINGS, markets)
    for model in READINGS:
        for one in (market, other):
            assert same(kept.packed(one, model, KIND), packed(fresh(one, model), KIND))
    assert sizes == passes


@pytest.mark.parametrize(("room", "passes"), [(10**9, [4]), (2, [2, 2]), (3, [3]), (1, [])])
def test_a_pass_leaves_no_more_than_there_is_room_for(market, monkeypatch, room, passes):
    models, sizes = [replace(model, magnet_ratio=2.0) for model in READINGS], []
    counted = shared.read_together
    monkeypatch.setattr(shared, "_MOST_BYTES", room * len(market) * KIND.itemsize)
    monkeypatch.setattr(shared, "read_together", lambda some, *rest: sizes.append(len(some)) or counted(some, *rest))
    kept = Heatmaps(None)
    kept.expect(models)
    for model in models:
        assert same(kept.packed(market, model, KIND), packed(fresh(market, model), KIND))
    assert sizes == passes


def test_what_nobody_expects_is_a_map_of_its_own(market, tmp_path):
    kept = Heatmaps(tmp_path)
    kept.expect(READINGS[:2])
    assert same(kept.packed(market, MODEL, KIND), packed(fresh(market), KIND))
    assert len(list(tmp_path.iterdir())) == 1


def test_another_market_or_other_code_is_another_heatmap(market, tmp_path, monkeypatch):
    Heatmaps(tmp_path).snapshots(market, MODEL)
    shorter = market.head(299)
    assert same(Heatmaps(tmp_path).snapshots(shorter, MODEL), fresh(shorter))
    monkeypatch.setattr(module, "source_digest", lambda: "other")
    Heatmaps(tmp_path).snapshots(market, MODEL)
    assert len(list(tmp_path.iterdir())) == 3


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _foreign(path):
    np.save(path, np.zeros(300, dtype=SNAPSHOT))


def _empty(path):
    path.write_bytes(b"")


def _pickled(path):
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize("damage", [_cut, _flip, _foreign, _empty, _pickled])
def test_a_damaged_or_foreign_file_is_computed_anew(market, tmp_path, damage):
    Heatmaps(tmp_path).snapshots(market, MODEL)
    damage(next(tmp_path.iterdir()))
    assert same(Heatmaps(tmp_path).snapshots(market, MODEL), fresh(market))
    assert same(np.load(next(tmp_path.iterdir())), fresh(market)), "and mended"


def test_a_file_under_another_ones_name_is_computed_anew(market, tmp_path):
    kept, other = Heatmaps(tmp_path), replace(MODEL, cluster_prominence=0.5)
    kept.snapshots(market, MODEL)
    first = next(tmp_path.iterdir())
    kept.snapshots(market, other)
    second = next(path for path in tmp_path.iterdir() if path != first)
    second.write_bytes(first.read_bytes())
    assert same(Heatmaps(tmp_path).snapshots(market, other), fresh(market, other))


def test_a_folder_that_cannot_be_is_no_obstacle(market, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert same(Heatmaps(tmp_path / "file").snapshots(market, MODEL), fresh(market))


def _write(folder):
    market = simulate(5, bars=300)
    for number in range(3):
        model = replace(MODEL, cluster_prominence=0.2 + 0.1 * number)
        assert same(Heatmaps(folder).snapshots(market, model), fresh(market, model))


def test_writers_at_the_same_time_leave_whole_files(market, tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(tmp_path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
        assert writer.exitcode == 0
    assert len(list(tmp_path.iterdir())) == 3, "no partial file is left"
    for number in range(3):
        model = replace(MODEL, cluster_prominence=0.2 + 0.1 * number)
        assert same(Heatmaps(tmp_path).snapshots(market, model), fresh(market, model))


def test_the_longest_unused_are_removed_first(market, tmp_path):
    size = None
    for number in range(4):
        Heatmaps(tmp_path).snapshots(market, replace(MODEL, cluster_prominence=0.2 + 0.1 * number))
        size = size or next(tmp_path.iterdir()).stat().st_size
    Heatmaps(tmp_path).snapshots(market, MODEL)  # the oldest, used again
    prune(tmp_path, 2 * size)
    assert len(list(tmp_path.iterdir())) == 2
    other = replace(MODEL, cluster_prominence=0.9)
    assert same(Heatmaps(tmp_path, most_bytes=1).snapshots(market, other), fresh(market, other))
    assert len(list(tmp_path.iterdir())) == 1, "the newest stays"


def test_memory_holds_no_more_than_it_may(market):
    kept = Heatmaps(None, most_in_memory=1)
    first = kept.snapshots(market, MODEL)
    kept.snapshots(market, replace(MODEL, cluster_prominence=0.5))
    again = kept.snapshots(market, MODEL)
    assert again is not first
    assert same(again, first)


def test_the_folder_is_the_option_the_variable_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv(HEATMAPS_VARIABLE, str(tmp_path / "named"))
    assert heatmaps_folder(tmp_path) == tmp_path
    assert heatmaps_folder() == tmp_path / "named"
    monkeypatch.delenv(HEATMAPS_VARIABLE)
    assert heatmaps_folder().parts[-2:] == ("liquidation-heatmap", "heatmaps")
