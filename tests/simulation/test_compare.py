"""Comparisons: the same requests for everyone, bounds beside them, the same table from one process or several."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path

import numpy as np
import pytest

from fleetfoot.sim import runs
from fleetfoot.sim.compare import Comparison, Job, Row, compare, front, jobs_of
from fleetfoot.sim.contenders import BOUNDS, measured, named, source_named, with_policy
from fleetfoot.sim.limits import carried
from fleetfoot.sim.live import engine
from fleetfoot.sim.measuring import FRIENDLY, friendly, per_second, prepared, window
from fleetfoot.sim.scenes import SYNTHETIC, Scene, cut, recorded, seconds_of, synthetic
from fleetfoot.sim.service import against, plan_of
from fleetfoot.sim.simulate import simulate, steepest
from fleetfoot.sim.stationary import carries
from fleetfoot.sim.world import run
from fleetfoot.spec import Service, loads
from fleetfoot.traffic.shapes import Flash, Lines, Piece, steady
from fleetfoot.traffic.trace import load_trace

TRACES = Path(__file__).parents[2].parent / "shared" / "traces"
SHORT = 1800  # s
FLASH = Flash(100, 400, at=1000, rise=20, half=200, seconds=SHORT)


def service(**more: str) -> Service:
    task = more.get("task", "throughput: 20/s, startup: 40s, drain: 30s")
    rest = more.get("rest", "")
    return loads(
        f"services: {{x: {{target: dryrun, capacity: {{min: 2, max: 60}}, task: {{{task}}}, {rest}}}}}"
    ).services["x"]


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    rates = prepared(FLASH, seconds=SHORT)[:SHORT]
    setup = friendly()
    return jobs_of(
        ["default", "hpa requests"], [Scene("flash", rates)], lambda _: setup, measured(setup), task_hour=2.0
    )


@pytest.fixture(scope="module")
def found(jobs: list[Job]) -> Comparison:
    return compare(jobs)


def row(found: Comparison, name: str) -> Row:
    return next(row for row in found.rows if row.name == name)


def test_everybody_gets_the_same_requests(found: Comparison) -> None:
    assert len({line.score.requests for line in found.lines}) == 1
    assert [line.name for line in found.lines] == ["default", "hpa requests", *BOUNDS]


def test_processes_threads_and_none_give_the_same_table(jobs: list[Job], found: Comparison) -> None:
    heard: list[str] = []
    with runs.processes(2) as executor:
        assert compare(jobs, executor, lambda job: heard.append(job.name)) == found
    assert sorted(heard) == sorted(job.name for job in jobs)
    with ThreadPoolExecutor(1) as threads:
        assert compare(jobs, threads) == found


def test_a_contender_in_a_comparison_runs_as_it_does_alone(found: Comparison, jobs: list[Job]) -> None:
    setup = friendly()
    alone = run(jobs[0].scene.rates, setup, engine(with_policy(measured(setup), "default")), task_hour=2.0)
    there = found.on("flash")[0].score
    assert there == alone.score.against(there.task_hours / (there.over_clairvoyant or inf))
    assert there.money == pytest.approx(2.0 * there.task_hours)


def test_the_clairvoyant_is_the_yardstick_of_cost_and_reacting_alone_is_late(found: Comparison) -> None:
    assert row(found, "clairvoyant").cost == pytest.approx(1.0, abs=0.02)
    assert row(found, "default").cost > 1.0
    assert row(found, "reactive limit").over > row(found, "clairvoyant").over
    assert 0 < found.widest < 0.5


def made(name: str, over: float, cost: float, *, bound: bool = False) -> Row:
    return Row(name, over, over, cost, 1.0, 1.0, 1.0, over, over, cost, "x", bound)


def test_the_front_has_who_is_beaten_on_both_axes_by_nobody_and_no_bound() -> None:
    rows = front([made("a", 0.1, 3), made("b", 0.2, 2), made("c", 0.2, 2.5), made("d", 0.0, 1, bound=True)])
    assert [row.name for row in rows if row.pareto] == ["a", "b"]


def test_one_error_ends_the_comparison_and_is_told(jobs: list[Job]) -> None:
    wrong = Job("default", Scene("bad", np.full(1500, -1.0)), FRIENDLY, service())
    with pytest.raises(ValueError, match="rates must be finite"), runs.processes(2) as executor:
        compare([*jobs, wrong], executor)


def test_the_synthetic_set_has_its_natural_length_and_the_plants_mean() -> None:
    scenes = synthetic()
    assert [scene.name for scene in scenes] == list(SYNTHETIC)
    assert {scene.name: len(scene.rates) // 3600 for scene in scenes} == {
        "step": 2, "ramp": 2, "flash": 2, "day": 24, "black friday": 24, "sawtooth": 2, "on/off": 2,
    }  # fmt: skip
    assert all(scene.rates.mean() == pytest.approx(carries(8, FRIENDLY)) for scene in scenes)


def test_a_long_trace_is_cut_as_if_every_second_of_it_had_been_made(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    lines = "".join(f"{60 * i},{value:.3f}\n" for i, value in enumerate(rng.gamma(2.0, 20.0, 300)))
    (tmp_path / "noisy.csv").write_text("timestamp,value\n" + lines)
    whole = per_second(load_trace(tmp_path / "noisy.csv"))
    for seconds in (3600, 20_000):
        np.testing.assert_allclose(cut(tmp_path / "noisy.csv", seconds), window(whole, seconds), atol=1e-6)
        np.testing.assert_allclose(seconds_of(load_trace(tmp_path / "noisy.csv")), whole, atol=1e-6)
    (only,) = recorded(tmp_path, seconds=3600)
    assert only.name == "noisy"


def test_straight_lines_with_jumps_come_out_as_second_by_second() -> None:
    jumps = Lines((Piece(3.5, 10, 10), Piece(2.0, 50, 20), Piece(1.25, 0, 8)))
    np.testing.assert_allclose(seconds_of(jumps), per_second(jumps))


def test_a_log_of_cpu_among_the_traces_is_not_played_as_a_load(tmp_path: Path) -> None:
    for name in ("nab_asg_cpu.csv", "load.csv"):
        (tmp_path / name).write_text("timestamp,value\n0,10\n60,20\n120,10\n")
    assert [scene.name for scene in recorded(tmp_path)] == ["load"]


def test_a_folder_without_traces_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no trace in"):
        recorded(tmp_path)


def test_a_table_with_gaps_says_what_a_count_carries_within_a_thousandth_of_a_task() -> None:
    table = carried(FRIENDLY, 420)
    for tasks in (7, 199, 203, 333, 401):
        assert table[tasks - 1] == pytest.approx(carries(tasks, FRIENDLY), abs=0.02)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        pytest.param("hpa request", "did you mean 'hpa requests'", id="near"),
        pytest.param("kpa", "did you mean 'kpa concurrency'", id="begun"),
        pytest.param("yours", "give the file", id="no-file"),
        pytest.param(" , ", "name a policy", id="nothing"),
    ],
)
def test_a_name_that_is_none_is_answered_with_the_nearest(asked: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        named(asked, yours=False)


def test_names_are_taken_once_and_rivals_are_all_of_them() -> None:
    found = named("Default,  hpa   requests, rivals", yours=False)
    assert found[:2] == ["default", "hpa requests"]
    assert len(found) == len(set(found))
    assert "fixed peak" in found


def test_a_policy_without_defaults_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="compare 'yours'"):
        with_policy(service(), "thresholds")


@pytest.mark.parametrize("words", ["cloudwatch 60s", "CloudWatch60", "cloudwatch 60 s"])
def test_metrics_are_named_as_people_write_them(words: str) -> None:
    assert source_named(words).name == "cloudwatch60"
    assert source_named("plane").delay == 0
    assert source_named("metrics-server").period == 15_000
    with pytest.raises(ValueError, match="did you mean 'prometheus15'"):
        source_named("promtheus")


def test_the_plant_is_what_the_file_says_and_the_rest_is_told() -> None:
    plain = plan_of(service(task="concurrency: 4"))
    assert [sentence.split()[0] for sentence in plain.assumed] == ["task.throughput", "task.startup"]
    assert plain.setup.throughput == FRIENDLY.throughput
    given = plan_of(service(rest="balancer: {shed: objective, queue timeout: 5s}"))
    assert given.assumed == ()
    assert (given.setup.lead, given.setup.timeout, given.setup.shed) == (40_000, 5_000.0, 1000.0)
    assert plan_of(service(rest="balancer: {shed: objective}"), shed=False).setup.shed is None


def test_the_hostile_plant_is_the_measuring_one_for_a_service_of_its_size() -> None:
    setup = against(FRIENDLY, np.array([300.0]))
    assert (setup.retries, setup.cs2, setup.knee) == (2, 4.0, 15.0)


def test_a_surge_begins_where_the_rate_leaves_what_it_was() -> None:
    rates = np.full(2000, 50.0)
    rates[1200:] = 200.0
    assert steepest(rates, 600) == 1200
    rates[1200:1230] = np.linspace(50, 200, 30)
    assert 1200 < (steepest(rates, 600) or 0) < 1206
    assert steepest(np.full(2000, 50.0)) is None
    assert steepest(rates[:100]) is None


def test_a_simulated_surge_has_clocks_a_bound_and_its_decisions() -> None:
    given = service(rest="policies: [default]")
    rates = np.concatenate([np.full(900, 60.0), np.full(900, 180.0)])
    found = simulate(given, rates, plan_of(given).setup, task_hour=1.0)
    assert found.surge is not None
    assert found.surge.onset == 900
    assert found.surge.clocks.command is not None
    assert found.surge.clocks.command < 60_000
    assert found.decisions
    assert all(0 <= found.second(decision) < len(rates) for decision in found.decisions)
    assert found.score.over_clairvoyant == pytest.approx(found.score.task_hours / found.limits.hours)
    assert set(found.to_json()) >= {"share_over", "clairvoyant_gap", "surge"}


def test_traffic_too_short_to_leave_ten_minutes_out_is_judged_by_its_second_half() -> None:
    found = simulate(service(), per_second(steady(30.0, 300.0)), plan_of(service()).setup)
    assert found.score.seconds == 150


def whole_set() -> list[Scene]:
    """The synthetic set and the traces, two hours of each."""
    return synthetic(seconds=7200) + (recorded(TRACES, seconds=7200) if TRACES.is_dir() else [])


@pytest.mark.slow
def test_two_hours_of_every_traffic_hold_the_bars_of_the_policy() -> None:
    """The whole windows are ``python bench/compare.py``. Bars: what was seen, and a third."""
    setup = friendly()
    with runs.processes(min(2, runs.cores())) as executor:
        jobs = jobs_of(["default"], whole_set(), lambda _: setup, measured(setup))
        found = compare([job for job in jobs if job.name in ("default", "clairvoyant")], executor)
    seen = row(found, "default")
    assert seen.over <= 0.012
    assert seen.worst_over <= 0.055
    assert seen.cost <= 2.0
