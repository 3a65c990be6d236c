"""One request on its way from a client connection to a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .back import Back
    from .classes import RequestClass
    from .reading import Reader
    from .tasks import Task

SAFE = frozenset((b"GET", b"HEAD", b"OPTIONS"))


class Request:
    """Times in ns of the monotonic clock. It is *counted* once its end is in the statistics, *ended* once nothing more
    happens for it: an event stream and an upgraded connection are counted at their head."""

    __slots__ = (
        "answered", "arrived", "back", "body", "counted", "drip", "ended", "expects", "fresh", "front", "group",
        "handed", "head", "head_only", "held", "keep", "length", "offered_upgrade", "old", "safe", "seen",
        "stays", "task", "tried", "whole",
    )  # fmt: skip

    def __init__(
        self,
        front: Reader,
        method: bytes,
        parsed: tuple[bytes, int, bool, bool],
        keep: bool,
        old: bool,
        arrived: int,
    ) -> None:
        self.front = front
        self.head, self.length, self.offered_upgrade, self.expects = parsed
        self.safe = not self.length and not self.offered_upgrade and method in SAFE  # may be sent twice
        self.head_only = method == b"HEAD"
        self.keep = keep  # the client connection may carry another request after this one
        self.old = old  # HTTP/1.0
        self.arrived = arrived
        self.group: RequestClass | None = None  # where the user names classes
        self.handed = 0
        self.seen = 0  # bytes of the body so far
        self.body: list[bytes] = []  # what came before a task could take it, framed as it will be sent
        self.held = 0  # bytes in ``body``
        self.whole = not self.length  # all of it arrived
        self.task: Task | None = None
        self.back: Back | None = None  # set once connected
        self.answered = False  # the client saw a byte of the response
        self.tried: tuple[Task, ...] = ()  # tasks that refused or broke it
        self.fresh = False  # next time on a new connection
        self.counted = False
        self.stays = False  # an event stream or an upgraded connection
        self.ended = False
        self.drip = 0.0  # ms; when the sweep first saw it without progress; 0.0: progress since
