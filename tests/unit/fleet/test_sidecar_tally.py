from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.fleet.balancer import Balancer, BalancerSettings
from fleetfoot.fleet.sidecar.page import Page
from fleetfoot.fleet.sidecar.tally import Tally, counts_of, is_open
from fleetfoot_agent.wire import decode, encode, push_of

ENDS = ("completed", "broken", "shed", "timed_out", "client_gone")


def seen(open_now: int = 0, **counts: int) -> dict[str, Any]:
    """A snapshot in which every request offered ended in one way or is open."""
    found: dict[str, Any] = dict.fromkeys(ENDS, 0) | {"errors": 0, "queue": 0, "latency": {}} | counts
    return found | {"offered": sum(found[end] for end in ENDS) + open_now}


small = st.integers(min_value=0, max_value=1000)


@given(small, small, small, small, small, small, small)
def test_what_is_sent_adds_up_whatever_the_balancer_counted(
    good: int, bad: int, broken: int, shed: int, timed_out: int, gone: int, open_now: int
) -> None:
    counted = seen(
        open_now,
        completed=good + bad,
        broken=broken,
        errors=bad + broken,
        shed=shed,
        timed_out=timed_out,
        client_gone=gone,
    )
    counts = counts_of(counted, "0123456789abcdef", (0.0, 1000.0), open_now)
    push = decode(encode(push_of(counts, ("shop", "shop-1", ""), 1)))
    assert push.requests == push.ended + push.in_flight
    assert push.errors == push.status.get("5xx", 0) == bad + broken + shed + timed_out
    assert push.status.get("answered", 0) == good
    assert push.status.get("none", 0) == gone


def test_a_balancer_that_did_nothing_yet_is_counted_as_nothing() -> None:
    async def look() -> int:
        balancer = Balancer("app", BalancerSettings(), 1000, None, lambda _: None)
        return is_open(balancer.snapshot())

    assert asyncio.run(look()) == 0


def test_another_reader_takes_nothing_from_the_sender() -> None:
    async def play() -> list[tuple[float, int]]:
        loop, now = asyncio.get_running_loop(), {"open": 5}
        tally = Tally(lambda: seen(now["open"]), loop)
        tally.sample()
        now["open"] = 1
        counts = [await asyncio.to_thread(read) for read in (tally.look, tally.take, tally.look)]
        return [(one.start, one.in_flight_max) for one in counts]

    (looked, taken, after) = asyncio.run(play())
    assert looked == taken == (0.0, 5)
    assert after[0] > 0
    assert after[1] == 1


def test_the_maximum_in_flight_is_that_of_the_samples_since_the_last_push() -> None:
    async def play() -> list[int]:
        loop, now = asyncio.get_running_loop(), {"open": 3}
        tally = Tally(lambda: seen(now["open"]), loop)
        tally.sample()
        now["open"] = 9
        tally.sample()
        now["open"] = 1
        found = []
        for _ in range(2):
            counts = await loop.run_in_executor(None, tally.take)
            found += [counts.in_flight, counts.in_flight_max]
        return found

    assert asyncio.run(play()) == [1, 9, 1, 1]


def test_taking_from_a_loop_that_is_closed_fails_and_does_not_hang() -> None:
    loop = asyncio.new_event_loop()
    tally = Tally(seen, loop)
    loop.close()
    with pytest.raises(RuntimeError):
        tally.take()


@pytest.mark.parametrize(
    ("line", "good", "status"),
    [
        pytest.param("GET /-/health HTTP/1.1", True, 200, id="healthy"),
        pytest.param("GET /-/health HTTP/1.1", False, 503, id="not healthy"),
        pytest.param("HEAD /-/health?x=1 HTTP/1.1", True, 200, id="HEAD with a query"),
        pytest.param("GET /-/alive HTTP/1.1", False, 200, id="alive although not healthy"),
        pytest.param("GET / HTTP/1.1", True, 404, id="another path"),
        pytest.param("POST /-/health HTTP/1.1", True, 405, id="another method"),
        pytest.param("nonsense", True, 400, id="no HTTP"),
    ],
)
def test_the_page_answers_by_path_and_state(line: str, good: bool, status: int) -> None:
    response = Page(lambda: (good, {"state": "x"})).response(line.split(" "))
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"Content-Length: {len(body)}".encode() in head or line.startswith("HEAD")
    assert bool(body) == (status in (200, 503) and not line.startswith("HEAD"))
