"""The composite score: the design notes' weights and bounds by hand, and what is left out or lost."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.contract import Contract
from fleetfoot.core.model import Blind, State
from fleetfoot.core.policies import Composite
from fleetfoot.core.policies.composite import Row, score
from fleetfoot.spec import loads
from tests.unit.core.build import Service, Shown, outcome, told

FILE = "services: {{a: {{run: x, capacity: {{min: 1}}, policies: [{policy}]}}}}"
NAMES = ("cpu", "memory", "latency", "errors", "queue", "app.users")
CALM = (0.5, 0.6, 1000.0, 0.02, 50.0, 500.0)  # between the bounds, all of them


def policy(text: str = "{composite: {window: 1s, cooldown: 0}}") -> Composite:
    found = compile_service(loads(FILE.format(policy=text)).services["a"]).policies[0]
    assert isinstance(found, Composite)
    return found


def shown(*values: Shown) -> dict[str, Any]:
    return dict(zip(NAMES, values, strict=True))


# Each by hand, with the design notes' weights .25 .15 .30 .15 .10 .05 and its bounds
# cpu 70/30 %, memory 80/40 %, response 2/0.5 s, errors 5/1 %, queue 100/10, users 1,000/200.
CASES = [
    # .25 x .3 + .15 x .1 + .30 x 1 + .15 x 1 + .10 x .5 + .05 x .5 = .615
    ("high", (0.91, 0.88, 4000.0, 0.10, 150.0, 1500.0), "6", "score_up", 0.615),
    # the same with a queue of 130: .10 x .3, .595
    ("just under high", (0.91, 0.88, 4000.0, 0.10, 130.0, 1500.0), "5", "score_up", 0.595),
    # .25 x .2 + .30 x .75 + .10 x .5 = .325
    ("medium", (0.84, 0.5, 3500.0, 0.02, 150.0, 500.0), "5", "score_up", 0.325),
    # .30 x 1, and over is over
    ("on the bound of medium", (0.5, 0.5, 9000.0, 0.02, 50.0, 500.0), "4", "score_hold", 0.3),
    # all ten times too much: 1 at the most each
    ("all at their end", (7.0, 8.0, 90_000.0, 0.9, 5000.0, 90_000.0), "6", "score_up", 1.0),
    # .25 x .7 + .15 x .7 + .30 x .8 + .15 x 1 + .10 x .5 + .05 x .5 = .745
    ("low", (0.09, 0.12, 100.0, 0.0, 5.0, 100.0), "3", "score_down", 0.745),
    # .25 x .4 + .30 x 1 + .10 x 1 = .5, and over is over
    ("on the bound of low", (0.18, 0.6, 0.0, 0.02, 0.0, 500.0), "4", "score_hold", 0.5),
    ("nothing speaks", CALM, "4", "score_hold", 0.0),
]


@pytest.mark.parametrize(("values", "want", "code", "found"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_the_sources_score_by_hand(values: tuple[float, ...], want: str, code: str, found: float) -> None:
    service = Service(policy())
    decision = service.tick(**shown(*values))
    assert (outcome(service.vote), told(decision)) == (want, {code})
    data = service.vote.reason.data
    figure = data.get("score", max(float(data.get("up", 0)), float(data.get("down", 0))))
    assert figure == pytest.approx(found, abs=1e-9)


def test_after_a_growth_nothing_goes_until_its_cooldown_is_over_nor_twice_within_one() -> None:
    service = Service(policy("{composite: {window: 1s, cooldown: 60s}}"))
    high, low = CASES[0][1], CASES[5][1]
    assert service.tick(**shown(*high)).desired == 6
    counts = [decision.desired for decision in service.ticks(123, **shown(*low))]
    assert counts == [6] * 60 + [5] * 61 + [4] * 2


def test_the_last_task_goes_too_where_none_need_be_there() -> None:
    assert Service(policy(), tasks=1).tick(**shown(*CASES[5][1])).desired == 0


def test_the_rows_are_the_sources() -> None:
    assert [(row.signal, row.weight, row.up, row.down) for row in policy("composite").rows] == [
        ("cpu", 0.25, 0.7, 0.3), ("memory", 0.15, 0.8, 0.4), ("latency", 0.30, 2000.0, 500.0),
        ("errors", 0.15, 0.05, 0.01), ("queue", 0.10, 100.0, 10.0), ("app.users", 0.05, 1000.0, 200.0),
    ]  # fmt: skip


def test_weights_and_bounds_may_be_written_and_a_weight_of_zero_leaves_a_signal_out() -> None:
    rows = policy(
        "{composite: {weights: {cpu: 50%, memory: 0, app.carts: 20%}, "
        "up: {latency: 1s, app.carts: 300}, down: {latency: 200ms, app.carts: 20}}}"
    ).rows
    assert rows[0] == Row("cpu", 0.5, 0.7, 0.3)
    assert rows[1] == Row("latency", 0.30, 1000.0, 200.0)
    assert rows[-1] == Row("app.carts", 0.2, 300.0, 20.0)
    assert "memory" not in [row.signal for row in rows]


def test_weights_are_shared_anew_among_what_is_seen() -> None:
    cpu, latency = Row("cpu", 0.25, 0.7, 0.3), Row("latency", 0.30, 2000.0, 500.0)
    assert score([(cpu, 0.4), (latency, 1.0)]) == pytest.approx((0.25 * 0.4 + 0.30) / 0.55)


def test_a_signal_that_was_never_given_is_left_out_and_holds_nothing() -> None:
    service = Service(policy())
    # .25 x .7 + .30 x .8 + .15 + .10 = .665 of .80
    decision = service.tick(cpu=0.09, latency=100.0, errors=0.0, queue=0.0)
    assert (decision.desired, service.vote.reason.data["score"]) == (3, 0.831)


def test_a_signal_that_is_given_no_more_holds_a_scale_in_and_no_growth() -> None:
    service = Service(policy())
    service.tick(**shown(*CALM))
    low: dict[str, Any] = {"cpu": 0.09, "latency": 100.0, "errors": 0.0, "queue": 0.0, "app.users": 0.0}
    assert service.tick(memory=None, **low).desired == 4
    assert isinstance(service.vote, Blind)
    hot = {**low, "cpu": 1.4, "latency": 4000.0}  # .25 + .30 of .85 = .647
    assert service.tick(memory=None, **hot).desired == 6


def test_with_less_than_half_of_the_weight_seen_it_is_blind() -> None:
    service = Service(policy())
    service.tick(**shown(*CALM))
    assert service.tick(cpu=5.0, errors=0.5).desired == 4  # .40 of the weight, both at their worst
    assert outcome(service.vote) == "blind"
    assert service.tick(cpu=5.0, errors=0.5, queue=500.0).desired == 6  # .50
    assert outcome(Service(policy()).tick().votes[0][1]) == "blind"


def test_what_may_be_gone_is_left_out() -> None:
    service = Service(policy(), contracts={"memory": Contract(absent="ignore")})
    service.tick(**shown(*CALM))
    assert service.tick(cpu=0.09, latency=100.0, errors=0.0, queue=0.0).desired == 4
    low: dict[str, Any] = {"cpu": 0.09, "latency": 100.0, "errors": 0.0, "queue": 0.0, "app.users": 0.0}
    assert service.tick(**low).desired == 3


@pytest.mark.parametrize("broken", [{"coverage": 0.5}, {"state": State.CENSORED}], ids=["few report", "a lower bound"])
def test_a_signal_that_is_seen_badly_holds_a_scale_in(broken: dict[str, object]) -> None:
    service = Service(policy())
    assert service.tick(cpu={"value": 0.09, **broken}, latency=100.0, errors=0.0, queue=0.0).desired == 4


def test_errors_alone_ask_for_one_task() -> None:
    only = Composite("c", (Row("errors", 1.0, 0.05, 0.01),), window=1000)
    assert Service(only, tasks=10).tick(errors=0.5).desired == 11
    assert Service(Composite("c", (Row("cpu", 1.0, 0.7, 0.3),), window=1000), tasks=10).tick(cpu=1.4).desired == 15


def test_growth_is_a_share_of_the_count_at_the_breach_and_only_the_larger_step_is_added() -> None:
    service = Service(policy("{composite: {window: 1s}}"), tasks=10, startup=30_000)
    medium = {**shown(*CALM), "latency": 3500.0, "cpu": 0.84, "queue": 150.0}  # .325
    high = shown(0.91, 0.88, 4000.0, 0.10, 150.0, 1500.0)  # .615
    assert [service.tick(**row).desired for row in (medium, medium, high, high)] == [12, 12, 15, 15]


def test_roles_hold_inside_the_score() -> None:
    roles = {"latency": Contract(role="advises"), "memory": Contract(role="vetoes")}
    service = Service(policy(), contracts=roles)
    slow = service.tick(**{**shown(*CALM), "latency": 9000.0})
    assert (slow.desired, told(slow)) == (4, {"score_hold", "advises"})
    low = shown(0.09, 0.95, 100.0, 0.0, 0.0, 0.0)
    assert (service.tick(**low).desired, "vetoes" in told(service.tick(**low))) == (4, True)
    assert service.tick(**{**low, "memory": 0.1}).desired == 3


def test_where_nothing_votes_the_score_is_nothing() -> None:
    assert score([]) == 0.0


def test_a_breach_after_one_that_ended_starts_from_the_present_count_though_tasks_still_start() -> None:
    again = Service(policy(), tasks=10, startup=30_000)
    medium = {**shown(*CALM), "latency": 3500.0, "cpu": 0.84, "queue": 150.0}
    counts = [again.tick(**row).desired for row in (medium, medium, shown(*CALM), medium)]
    assert counts == [12, 12, 12, 15]
