"""The wheel: what it holds, and that it runs from an empty folder and from a hostile one."""

import zipfile

from tests.installing import PROJECT, backtest, start, succeed


def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_our_four_folders_and_nothing_else(wheel):
    top = {name.split("/")[0] for name in names(wheel)}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "indicators",
        "strategies",
        "datafeeds",
        "runs",
    }


def test_the_top_level_init_files_are_left_out(wheel):
    inside = names(wheel)
    for folder in ("indicators", "strategies", "datafeeds", "runs"):
        assert f"{folder}/__init__.py" not in inside
    assert "runs/venues/venues.toml" in inside
    assert {"runs/reports/assets/review.js", "runs/reports/assets/review.css"} <= set(inside)
    assert "indicators/liquidation/__init__.py" in inside
    for asset in ("lightweight-charts.js", "LICENSE", "NOTICE", "heatmap.css", "1-unpacking.js"):
        assert f"runs/reports/heatmap/assets/{asset}" in inside
    assert not [name for name in inside if name.startswith("test") or "/test" in name]


def test_it_runs_from_an_empty_folder(installed, tmp_path):
    for command in (
        [installed / "bin" / "liquidation-heatmap", "backtest"],
        [installed / "bin" / "python", "-m", "runs.backtest"],
    ):
        assert "--strategy" in succeed([*command, "--help"], tmp_path)


def test_the_code_that_runs_is_the_wheels(installed, tmp_path):
    code = "import runs.backtest, indicators.liquidation.step as s; print(runs.backtest.__file__, s.__file__)"
    said = succeed([installed / "bin" / "python", "-c", code], tmp_path)
    assert all(path.startswith(str(installed)) for path in said.split()), said


def test_every_module_of_every_room_comes_from_the_wheel_and_runs_stays_a_namespace(installed, tmp_path):
    code = (
        "import importlib, pkgutil, runs\n"
        "for found in pkgutil.walk_packages(runs.__path__, 'runs.'):\n"
        "    print(found.name, importlib.import_module(found.name).__file__)\n"
        "assert runs.__file__ is None"
    )
    compiled = str(installed.parent / "compiled")
    said = succeed([installed / "bin" / "python", "-P", "-c", code], tmp_path, NUMBA_CACHE_DIR=compiled)
    places = dict(line.split(" ", 1) for line in said.splitlines())
    assert all(path.startswith(str(installed)) for path in places.values()), places
    sources = {path.relative_to(PROJECT).with_suffix("") for path in (PROJECT / "runs").rglob("*.py")}
    names = {".".join(source.parts).removesuffix(".__init__") for source in sources} - {"runs"}
    assert set(places) == names


def test_a_run_works_from_the_wheel(installed, tmp_path):
    backtest(installed, tmp_path, "magnet")
    assert (tmp_path / "out" / "tearsheet.html").exists()
    assert (tmp_path / "out" / "heatmap.html").exists()


def test_a_hostile_folder_hides_nothing_from_the_script(installed, tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "__init__.py").write_text("raise SystemExit('hostile')\n")
    succeed([installed / "bin" / "liquidation-heatmap", "backtest", "--help"], tmp_path)
    succeed([installed / "bin" / "python", "-P", "-m", "runs.backtest", "--help"], tmp_path)
    # Documented: plain -m puts the current folder first, so there the hostile package wins.
    assert start([installed / "bin" / "python", "-m", "runs.backtest", "--help"], tmp_path).returncode != 0
