"""Which requests may be sent again, and how many of them."""

from __future__ import annotations

from time import monotonic_ns

from .request import Request

AT_ONCE = 1000.0  # replays that may come together, as when a task with many requests dies
SHARE = 0.2  # of the requests may be replays in the long run
TRIES = 3  # of one request, the first included: two tasks that die in the same moment cost nothing
STALE_NS = 20_000_000  # a used connection that breaks so soon was probably being closed as idle: no sign of a dead task


class Replays:
    """The budget of a service: without one, a failing fleet would be asked several times as much."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = AT_ONCE

    def earn(self, requests: int) -> None:
        """So many requests came."""
        self.left = min(AT_ONCE, self.left + SHARE * requests)

    def take(self, request: Request, sent: bool) -> bool:
        """Whether a request that failed is sent again; it then counts. ``sent``: some of it was, so that only one
        that may be repeated goes."""
        if self.left < 1 or len(request.tried) >= TRIES or (sent and not request.safe):
            return False
        self.left -= 1
        return True


def was_stale(request: Request) -> bool:
    """Whether its connection broke as one does that its task was closing for idleness."""
    back = request.back
    return back is not None and back.idle_since > 0 and monotonic_ns() - request.handed < STALE_NS
