"""Random services in random weather: a few dozen seeds here, ten thousand in ``make soak`` (bench/storms.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetfoot.spec.policies import KINDS
from tests.storms import golden, plans
from tests.storms.plans import LIMITS, Fault, Plan, Written, plan, smaller
from tests.storms.play import Broken, digest, shrink


@pytest.mark.parametrize("decade", range(len(golden.SEEDS) // 10))
def test_every_promise_is_kept_at_every_tick_and_what_is_decided_is_what_was(decade: int) -> None:
    """A seed whose digest differs is a change of behaviour: wanted, it is written anew with its reason
    (``python -m tests.storms.golden``)."""
    known, changed = golden.known("storms"), []
    for seed in golden.SEEDS[10 * decade : 10 * decade + 10]:
        decided, broken = digest(plan(seed))
        if broken is not None:
            pytest.fail(str(shrink(broken)))
        if decided != known[str(seed)]:
            changed.append(seed)
    assert changed == []


def test_a_seed_decides_the_same_twice() -> None:
    assert digest(plan(3)) == digest(plan(3)) != digest(plan(4))


def test_the_seeds_have_every_policy_and_every_fault_among_them() -> None:
    made = [plan(seed) for seed in range(400)]
    kinds = {policy.split(":")[0] for one in made for service in one.services for policy in service.policies}
    assert kinds == set(KINDS)
    assert {fault.kind for one in made for fault in one.faults} == set(plans.FAULTS)


def test_a_broken_promise_is_told_with_its_seed_and_its_file() -> None:
    told = str(Broken("bounds", 0, 1.0, "12 ordered above the maximum of 11", plan(25)))
    assert told.startswith("bounds: 12 ordered above the maximum of 11\nat 1.00 s")
    assert "# seed 25" in told
    assert plan(25).text() in told


def test_smaller_plans_have_one_thing_less() -> None:
    one = Written(("default", "slo"), ("hard: on",), 1, 5, None, 20.0, 5, 2, "step", 10.0)
    given = Plan(1, 120, (one, replace(one, policies=())), (Fault("missing", 1, 9, 5, "requests"),), LIMITS[0])
    found = list(smaller(given))
    assert replace(given, faults=()) in found
    assert replace(given, limits="") in found
    assert Plan(1, 120, (given.services[1],), (Fault("missing", 0, 9, 5, "requests"),), LIMITS[0]) in found
    assert replace(given, services=(replace(one, policies=("slo",)), given.services[1])) in found
