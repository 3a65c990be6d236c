"""Step policies: from the file's lower bounds to the AWS form, which must have no gap and no overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.spec import StepPolicy, loads
from tests.unit.spec.lines import service

ROWS = [
    ("add", "signal: requests, above: 100/s, add: {0: 1, 50: 2, 6000/min: 4}", "change",
     ((0, 50, 1), (50, 100, 2), (100, None, 4))),
    ("written-in-any-order", "signal: requests, above: 100/s, add: {50: 2, 0: 1}", "change",
     ((0, 50, 1), (50, None, 2))),
    ("one-step-as-a-number", "signal: cpu, above: 70%, add: 2", "change", ((0, None, 2),)),
    ("remove-counts-downward", "signal: cpu, below: 30%, remove: {0: 1, 10%: 2}", "change",
     ((None, -0.1, -2), (-0.1, 0, -1))),
    ("percent", "signal: latency, above: 1s, percent: {0: +10%, 500ms: 30}", "percent",
     ((0, 500, 10), (500, None, 30))),
    ("percent-below", "signal: requests, below: 40/s, percent: -10", "percent", ((None, 0, -10),)),
    ("exact", "signal: queue, above: 10, exact: {0: 4, 90: 8}", "exact", ((0, 90, 4), (90, None, 8))),
    ("exact-below-is-not-negated", "signal: queue, below: 10, exact: 2", "exact", ((None, 0, 2),)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "steps"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_steps_take_the_aws_form(text: str, kind: str, steps: tuple[tuple[float | None, ...], ...]) -> None:
    (policy,) = loads(service(f"policies: [{{step: {{{text}}}}}]")).services["a"].policies
    assert isinstance(policy, StepPolicy)
    assert policy.kind_of_change == kind
    assert policy.steps == steps


distances = st.dictionaries(st.integers(1, 1000), st.integers(0, 50), max_size=6)


@given(distances, st.integers(0, 50), st.booleans())
def test_every_distance_of_a_breach_has_exactly_one_step(further: dict[int, int], first: int, above: bool) -> None:
    steps = {0.0: float(first), **{float(d): float(a) for d, a in further.items()}}
    policy = (
        StepPolicy(signal="queue", above=10, add=steps) if above else StepPolicy(signal="queue", below=10, remove=steps)
    )
    ranges = policy.steps
    assert [r[0] for r in ranges[1:]] == [r[1] for r in ranges[:-1]], "no gap, no overlap"
    assert (ranges[0][0], ranges[-1][1]) == ((0.0, None) if above else (None, 0.0))
    assert len(ranges) == len(steps)
