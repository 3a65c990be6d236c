"""What a row of the simulated AWS's table is, and an error as AWS answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fleetfoot.sim.aws.world import World

Request = Mapping[str, Any]


class Refusal(Exception):
    """An error as AWS answers it."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Call(NamedTuple):
    """``needs`` and ``may``: the fields that are read. ``limit``: calls at once and a second; shared by ``bucket``."""

    answer: Callable[[World, Request], dict[str, Any]]
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    limit: tuple[float, float] = (1000, 1000)
    bucket: str = ""
