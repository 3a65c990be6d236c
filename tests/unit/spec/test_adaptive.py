"""``adaptive`` in a file: what is required, and limits that contradict each other."""

from __future__ import annotations

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.policies import Adaptive
from fleetfoot.spec import SpecErrors, loads
from fleetfoot.spec.explain import explain

FILE = "services: {{orders: {{run: x $PORT, policies: [adaptive: {}]}}}}"


def test_it_compiles_with_half_of_below_as_the_least() -> None:
    service = loads(FILE.format("{signal: cpu, above: 70%, at most: 85%, below: 30%}")).services["orders"]
    policy = compile_service(service).policies[0]
    assert isinstance(policy, Adaptive)
    assert (policy.above, policy.at_most, policy.below, policy.at_least, policy.keep) == (0.7, 0.85, 0.3, 0.15, 288)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{signal: cpu, above: 70%}", "at most: missing"),
        ("{signal: cpu, above: 70%, at most: 60%}", "60% is under above, 70%"),
        ("{signal: cpu, above: 70%, at most: 80%, below: 75%}", "75% must be under above, 70%"),
        ("{signal: cpu, above: 70%, at most: 80%, at least: 10%}", "there is no below"),
        ("{signal: cpu, above: 70%, at most: 80%, below: 20%, at least: 30%}", "no more than below, 20%"),
        ("{signal: cpu, above: 70/s, at most: 80%}", "the unit of cpu"),
        ("{signal: cpu, above: 70%, at most: 80%, history: 1h}", "is out of range"),
    ],
)
def test_limits_that_contradict_each_other_are_told(body: str, message: str) -> None:
    with pytest.raises(SpecErrors) as errors:
        loads(FILE.format(body))
    assert message in str(errors.value)


def test_check_says_it_in_words() -> None:
    lines = explain(loads(FILE.format("{signal: cpu, above: 70%, at most: 85%}")))
    said = "adaptive: 1 task more when cpu is above 70%; the bounds follow what is usual"
    assert [line for line in lines if said in line]
    assert "  warning: no policy shrinks: the count only rises" in lines
