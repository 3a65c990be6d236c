"""The reasons of the policy `hpa`: why it wants what it wants, and the value from which it grows."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.hpa.behavior import Behavior, Policy, Rules
from fleetfoot.core.hpa.replicas import EACH, SHARED, UTILISATION, VALUE
from fleetfoot.core.model import Want
from fleetfoot.core.policies.hpa import Hpa, Metric
from tests.unit.core.build import Service
from tests.unit.core.hpa import CPU, DEFAULT, LOAD, hpa


@pytest.mark.parametrize(
    ("before", "load", "code"),
    [
        pytest.param(56.0, 70.0, "tracking", id="more than its target"),
        pytest.param(56.0, 56.0, "within_tolerance", id="on its target"),
        pytest.param(56.0, 28.0, "stabilising", id="less, and not for long"),
        pytest.param(56.0, 900.0, "rate_of_change", id="more than may come at once"),
    ],
)
def test_it_says_why_it_wants_what_it_wants(before: float, load: float, code: str) -> None:
    service = Service(hpa(LOAD), tasks=4)
    service.run(16, load=before)
    service.run(15, load=load)
    assert service.vote.reason.code == code


def test_it_says_that_what_was_ordered_starts() -> None:
    service = Service(hpa(LOAD), tasks=4, startup=60_000)
    service.run(31, load=70.0)
    assert service.vote.reason.code == "starting"


def voted(policy: Hpa, tasks: int, **shown: Any) -> Want:
    service = Service(policy, tasks=tasks, minimum=1)
    service.tick(**shown)
    assert isinstance(service.vote, Want)
    return service.vote


@pytest.mark.parametrize(
    ("metric", "flip"),
    [
        pytest.param(Metric("cpu", UTILISATION, 60, 1000), 0.66, id="60 % of each"),
        pytest.param(Metric("load", VALUE, 100_000, 1000), 110.0, id="100 of all"),
        pytest.param(Metric("load", SHARED, 20_000, 1000), 110.0, id="20 for each of five"),
        pytest.param(Metric("load", EACH, 20_000, 1000), 110.0, id="20 of each of five"),
        pytest.param(Metric("latency", EACH, 200_000, 1000), 220.0, id="200 of each, which is no total"),
    ],
)
def test_it_tells_the_value_a_tenth_above_its_target_from_which_it_grows(metric: Metric, flip: float) -> None:
    vote = voted(hpa(metric), 5, cpu=0.6, load=100.0, latency=200.0)
    assert vote.tasks == 5
    assert vote.flip == pytest.approx(flip)


def test_it_tells_the_metric_that_wants_most_and_what_a_rate_allows_of_it() -> None:
    slow = Behavior(Rules((Policy("pods", 2, 60_000),)), DEFAULT.down)
    reason = voted(hpa(LOAD, CPU, behavior=slow), 10, load=140.0, cpu=0.9).reason
    assert reason.code == "rate_of_change"
    figures = ("signal", "value", "target", "wish", "allowed")
    assert tuple(reason.data[name] for name in figures) == ("cpu", 0.9, 0.6, 15, 12)


def test_it_tells_which_window_holds_a_wish() -> None:
    waits = Behavior(DEFAULT.up._replace(window=60_000), DEFAULT.down._replace(window=300_000))
    service = Service(hpa(LOAD, behavior=waits), tasks=10, minimum=1)
    service.run(60, load=140.0)
    for load, window in ((280.0, 60_000), (70.0, 300_000)):
        service.run(16, load=load)
        assert isinstance(service.vote, Want)
        assert (service.vote.reason.code, service.vote.reason.data["window"]) == ("stabilising", window)
