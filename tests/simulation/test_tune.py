"""Tuning: the same search whoever computes it, one that goes on after an interruption, and an honest verdict."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main
from fleetfoot.sim.objective import Objective, objective
from fleetfoot.sim.score import Score
from fleetfoot.sim.service import plan_of
from fleetfoot.sim.tunable import GUARDS, POLICIES, changed, keys_of
from fleetfoot.sim.tune import Changed, Search, Trial, Tuned, candidate, tune
from fleetfoot.spec import Service, loads
from fleetfoot.spec.policies import KINDS
from fleetfoot.spec.rewritten import policies_of, rewritten

FILE = """
# what a person wrote
services:
  orders:
    run: "serve --port $PORT  # not a comment"
    capacity: {min: 2, max: 30}
    task: {throughput: 20/s, startup: 20s}
    policies: [default: {utilisation: 40%}]
    guards: {stabilisation: {out: 1s}, pay: off}
  mail:
    run: mail
"""
SERVICE = loads(FILE).services["orders"]
SECONDS = np.arange(1500)
RATES = 100.0 + 60.0 * np.sin(SECONDS / 90.0)


def search(**change: Any) -> Search:
    return replace(Search(SERVICE, RATES, plan_of(SERVICE).setup), **change)


@pytest.fixture(scope="module")
def found() -> Tuned:
    return tune(search(), 12)


def test_the_first_trial_is_the_service_as_it_is(found: Tuned) -> None:
    assert found.present.number == 0
    assert found.present.settings == {}


def test_a_wasteful_setting_is_found_out_and_holds_on_what_was_not_searched(found: Tuned) -> None:
    assert found.best.value < 0.9 * found.present.value
    assert found.helped
    (utilisation,) = [value for key, value in found.changes() if key.path == "policies.0.utilisation"]
    assert utilisation > 0.45


def test_only_the_held_out_part_is_judged_there(found: Tuned) -> None:
    assert found.held_best is not None
    assert found.held_best.seconds == 1500 - found.search.cut == 450


def test_any_executor_makes_the_same_trials(found: Tuned) -> None:
    with ThreadPoolExecutor(3) as executor:
        assert tune(search(), 12, executor=executor).trials == found.trials


class Interrupted(Exception):
    pass


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(found: Tuned, tmp_path: Path) -> None:
    state = tmp_path / "trials.jsonl"

    def after_ten(_: Trial, done: int) -> None:
        if done == 10:
            raise Interrupted

    with pytest.raises(Interrupted):
        tune(search(), 12, state=state, told=after_ten)
    with state.open("a") as file:
        file.write('{"number": 11, "sett')  # the machine went off in the middle of a line
    again: list[int] = []
    assert tune(search(), 12, state=state, told=lambda _, done: again.append(done)).trials == found.trials
    assert again == [11, 12]
    assert len(state.read_text().splitlines()) == 13


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"rates": RATES * 1.1}, "traffic", id="traffic"),
        pytest.param({"service": changed(SERVICE, {"policies.0.utilisation": 0.5})}, "file", id="file"),
        pytest.param({"objective": objective("over:1%")}, "objective", id="objective"),
        pytest.param({"hold_out": 0.2}, "hold-out", id="hold-out"),
    ],
)
def test_the_trials_of_another_search_are_refused_by_name(change: dict[str, Any], named: str, tmp_path: Path) -> None:
    state = tmp_path / "trials.jsonl"
    tune(search(rates=RATES[:700]), 1, state=state)
    with pytest.raises(Changed, match=f"the {named}"):
        tune(search(**{"rates": RATES[:700], **change}), 1, state=state)


def test_a_file_of_something_else_is_not_written_to(tmp_path: Path) -> None:
    state = tmp_path / "diary.txt"
    state.write_text("dear diary\n")
    with pytest.raises(Changed, match="holds no trials"):
        tune(search(), 1, state=state)
    assert state.read_text() == "dear diary\n"


def score(hours: float, over: int = 0) -> Score:
    return Score(1000, over, 10_000, 0, 0, 0, hours, 0.0, hours, 0, 0)


def test_a_gain_that_does_not_hold_is_called_none() -> None:
    trials = (Trial(0, {}, score(10), 10.0), Trial(1, {"policies.0.utilisation": 0.9}, score(7), 7.0))
    assert not Tuned(search(), trials, score(4), score(4.1)).helped
    assert not Tuned(search(), trials, score(4), score(3.99)).helped  # noise
    assert not Tuned(search(), trials, None, None).helped
    assert Tuned(search(), trials, score(4), score(3)).helped


def test_the_cheapest_that_keeps_the_limits_wins() -> None:
    goal = objective("over:1%")
    assert goal.value(score(8)) < goal.value(score(10))
    assert goal.value(score(8, over=30)) > goal.value(score(10, over=10))
    assert goal.kept(score(8, over=10))
    assert not goal.kept(score(8, over=11))


def test_weights_add_up_task_hours_and_per_cents() -> None:
    assert objective("cost=1,over=5").value(score(8, over=20)) == pytest.approx(8 + 5 * 2)


@pytest.mark.parametrize("words", ["", "cheap", "cost:1", "over:-1%", "over:x", "over:1%,cost=2", "speed=3"])
def test_what_is_no_objective_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="write"):
        objective(words)


def test_every_trial_is_within_the_ranges_and_what_the_spec_allows() -> None:
    one = search()
    trials = [Trial(0, {}, score(10), 10.0)]
    for number in range(1, 60):
        settings = candidate(one, number, trials, 60)
        for key in one.keys:
            assert key.low <= settings[key.path] <= key.high
            assert key.form.read(key.show(settings[key.path])) == pytest.approx(settings[key.path])
        trials.append(Trial(number, settings, score(10 - number / 60), 10 - number / 60))


WRITTEN = {
    "default": "default",
    "slo": "slo",
    "target": "target: {signal: requests, per task: 14/s}",
    "step": "step: {signal: requests, above: 100/s, add: {0: 1, 50: 2}}",
    "graded": "graded: {signal: cpu, level: moderate, below: 30%}",
    "adaptive": "adaptive: {signal: cpu, above: 70%, at most: 85%, below: 30%}",
    "thresholds": "thresholds: {out when any: {cpu: 80%}, in when all: {cpu: 30%}}",
}


def test_every_policy_is_in_the_table() -> None:
    assert set(POLICIES) <= {*KINDS, "slo"}
    assert {kind for kind in KINDS if kind in WRITTEN} <= set(POLICIES)


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN if kind in KINDS])
def test_each_number_of_a_policy_can_be_set_shown_and_run(kind: str) -> None:
    service = loads(FILE.replace("default: {utilisation: 40%}", WRITTEN[kind])).services["orders"]
    one = Search(service, RATES[:120], plan_of(service).setup)
    assert {key.path.split(".")[0] for key in one.keys} == {"policies", "guards"}
    settings = {key.path: key.at(0.3) for key in one.keys}
    assert {key.path: key.present for key in keys_of(changed(service, settings))} == settings
    assert tune(one, 2).trials[1].score.requests > 0


def test_the_guards_of_the_table_are_keys_of_the_file() -> None:
    guards = SERVICE.guards
    assert all(hasattr(getattr(guards, part), name) for part, names in GUARDS.items() for name in names)


def test_a_file_written_again_says_the_same_but_for_what_was_tuned() -> None:
    policies = policies_of(FILE, "orders")
    policies[0]["default"]["utilisation"] = "72%"
    text = rewritten(FILE, "orders", policies, {"stabilisation": {"in": "45s"}})
    before, after = loads(FILE).services, loads(text).services
    assert after["mail"] == before["mail"]
    assert after["orders"].run == before["orders"].run
    assert after["orders"].policies[0].model_dump()["utilisation"] == 0.72
    assert after["orders"].guards.stabilisation.in_ == 45_000
    assert after["orders"].guards.stabilisation.out == 1000
    assert not after["orders"].guards.pay.enabled


def call(*words: object) -> Result:
    return CliRunner().invoke(main, ["tune", *map(str, words)])


def test_the_verb_tunes_writes_and_says_so(tmp_path: Path) -> None:
    file, new = tmp_path / "fleetfoot.yaml", tmp_path / "new.yaml"
    file.write_text(FILE)
    traffic = "sawtooth:low=20,high=160,period=300s,times=4"
    words = (file, "--service", "orders", "--traffic", traffic, "--trials", 14, "-j", 1)
    result = call(*words, "--write", new)
    assert result.exit_code == 0, result.output
    assert "On the part it never saw the best settings are" in result.output
    tuned: Service = loads(new.read_text()).services["orders"]
    assert tuned.policies[0].model_dump()["utilisation"] > 0.4
    told = json.loads(call(*words, "--json").stdout)
    assert told["helped"]
    assert told["trials"] == 14
    assert told["best"]["held_out"]["seconds"] == 360


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--objective", "cheap"), "is no objective"),
        (("--hold-out", "most"), "is no share"),
        (("--hold-out", "95%"), "hold-out is 0 to 0.9"),
        (("--policy", "magic"), "is no policy"),
        (("--policy", "step"), "needs settings of its own"),
        (("--service", "order"), "did you mean orders"),
    ],
)
def test_what_cannot_be_tuned_is_told(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text(FILE)
    service = () if "--service" in words else ("--service", "orders")
    result = call(file, *service, "--traffic", "50@120s", "--trials", 2, *words)
    assert result.exit_code == 2
    assert said in result.output


def test_the_default_objective_is_the_one_the_verb_names() -> None:
    assert objective("over:0.4%,bad:0.8%") == Objective()
