from __future__ import annotations

import pytest

from fleetfoot.core.model import Signal, State
from fleetfoot.edge.seconds import Seconds


def shown(end: int, requests: float, bad: float, span: int = 1000, state: State = State.FRESH) -> dict[str, Signal]:
    return {
        "requests": Signal("requests", requests, end, end, span),
        "bad": Signal("bad", bad, end, end, span)._replace(state=state),
    }


@pytest.mark.parametrize(("bad", "over"), [(5.0, False), (6.0, True)])
def test_a_second_is_over_when_more_than_five_in_a_hundred_are_bad(bad: float, over: bool) -> None:
    assert Seconds(0.95).see(shown(1000, 100.0, bad)) is over


def test_pieces_of_a_second_are_put_together() -> None:
    seconds = Seconds(0.95)
    told = [seconds.see(shown(end, 100.0, 50.0 if end == 200 else 0.0, span=200)) for end in range(200, 1001, 200)]
    assert told == [None, None, None, None, True]


def test_the_same_interval_counts_once_and_what_cannot_be_believed_not_at_all() -> None:
    seconds = Seconds(0.95)
    assert seconds.see(shown(1000, 100.0, 0.0)) is False
    assert seconds.see(shown(1000, 100.0, 90.0)) is None
    assert seconds.see(shown(2000, 100.0, 90.0, state=State.ABSURD)) is None
    assert seconds.see({}) is None
    assert seconds.newest == 1000
