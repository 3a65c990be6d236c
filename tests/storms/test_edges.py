"""Lives on the edge (edges.py): what is decided, told and remembered where both sides of a comparison are equal."""

from __future__ import annotations

import pytest

from fleetfoot.spec.policies import KINDS
from tests.storms import edges, golden

GROUP = 6


@pytest.mark.parametrize("first", golden.EDGES[::GROUP])
def test_what_is_decided_on_the_edge_is_what_was(first: int) -> None:
    """A seed whose digest differs is a change of behaviour: wanted, it is written anew with its reason
    (``python -m tests.storms.golden``)."""
    known = golden.known("edges")
    seeds = golden.EDGES[first : first + GROUP]
    assert [seed for seed in seeds if edges.digest(seed) != known[str(seed)]] == []


def test_the_lives_have_every_policy_among_them() -> None:
    assert sorted(KINDS) == edges.KINDS
