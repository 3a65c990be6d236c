"""The page of a comparison, and that of a simulated run, in a real browser and without one."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import numpy as np
import pytest

from fleetfoot.face.report import render as render_run
from fleetfoot.face.report.contest import render
from fleetfoot.face.report.simulated import MARKERS, largest, report_of
from fleetfoot.face.report.svg import Point, scatter
from fleetfoot.sim.compare import Comparison, compare, jobs_of
from fleetfoot.sim.contenders import measured
from fleetfoot.sim.measuring import friendly
from fleetfoot.sim.scenes import Scene
from fleetfoot.sim.simulate import Simulated, simulate
from tests.browser.test_report import look, opened

EVIL = "<img src=x onerror=\"document.title='taken'\">"
FACTS = {
    "service": "orders", "plant": "friendly", "metrics": "push", "seed": 1, "tasks": 8, "assumed": [], "warnings": [],
    "currency": "USD", "simulated_s": 1500, "traffic": "a step", "sheds": False,
    "objective_ms": 1000, "percentile": 0.95,
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Comparison:
    setup = friendly()
    rates = np.concatenate([np.full(900, 80.0), np.full(600, 200.0)])
    scenes = [Scene("step", rates), Scene(f"steady {EVIL}", np.full(1500, 100.0))]
    return compare(jobs_of(["default", "kpa requests", "fixed peak"], scenes, lambda _: setup, measured(setup)))


@pytest.fixture(scope="module")
def run() -> Simulated:
    setup = friendly()
    rates = np.concatenate([np.full(900, 80.0), np.full(600, 200.0)])
    return simulate(measured(setup), rates, setup)


def test_the_page_needs_nothing_from_anywhere_and_no_script(found: Comparison) -> None:
    text = render(found, FACTS)
    assert "http" not in text.replace("http-equiv", "").replace("https://github.com/leeoniya/uPlot", "")
    assert "<script" not in text


def test_every_contender_is_in_the_picture_the_table_and_the_words(found: Comparison) -> None:
    text = unescape(render(found, FACTS))
    for row in found.rows:
        assert text.count(row.name) >= 4
    assert "◆" in text
    assert "gap" in text


def test_a_name_of_traffic_cannot_become_markup(found: Comparison) -> None:
    assert "<img" not in render(found, FACTS | {"service": EVIL})


def test_names_in_the_scatter_do_not_cover_each_other() -> None:
    crowd = [Point(f"contender number {i}", 1.5 + i / 1000, 1.0, False, False, "") for i in range(6)]
    text = scatter(crowd)
    heights = [float(part.partition('"')[0]) for part in text.split(' y="')[1:] if 'dy=".35em">contender' in part[:60]]
    sides = text.count('text-anchor="end" y=')
    assert len(heights) == 6
    assert 0 < sides < 6, "both sides are used"


def test_a_figure_of_nought_is_drawn_at_the_lower_edge() -> None:
    assert "nan" not in scatter([Point("perfect", 1.0, 0.0, True, False, "")])


def test_a_long_list_of_decisions_is_cut_to_the_largest_in_the_order_of_time(run: Simulated) -> None:
    many = [run.decisions[0]._replace(now=i, current=10, desired=10 + i % 50) for i in range(3 * MARKERS)]
    shown = largest(many)
    assert len(shown) == MARKERS
    assert [d.now for d in shown] == sorted(d.now for d in shown)
    assert min(d.desired for d in shown) > 10


def test_a_simulated_run_says_it_is_one_and_what_it_assumed(run: Simulated) -> None:
    text = unescape(render_run(report_of(run, FACTS | {"assumed": ["task.startup is not given: 30 s is assumed"]})))
    for words in ("Simulated", "task.startup is not given", "cost over clairvoyant", "not judged"):
        assert words in text


@pytest.mark.browser
def test_a_simulated_run_is_drawn(chromium: str, tmp_path: Path, run: Simulated) -> None:
    seen = look(chromium, tmp_path, report_of(run, FACTS))
    assert seen["errors"] == []
    assert seen["charts"] == 4
    assert all(seen["inked"])


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 500])
def test_the_page_of_a_comparison_fits_the_screen(chromium: str, tmp_path: Path, found: Comparison, width: int) -> None:
    seen = opened(chromium, tmp_path, render(found, FACTS), width)
    assert seen["errors"] == []
    assert not seen["wide"]
    assert seen["title"] == "Policies compared"
