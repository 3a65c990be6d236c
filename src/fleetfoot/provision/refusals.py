"""What a mode cannot express: each by name, with what to do instead."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """``what`` of the file cannot be had in ``mode``, for the reason ``why``; ``instead``: what to do."""

    what: str
    mode: str
    why: str
    instead: str

    def __str__(self) -> str:
        return f"{self.what}: mode {self.mode} cannot do it: {self.why}; {self.instead}"


class Refused(Exception):
    """All refusals of a service at once."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__("\n".join(map(str, refusals)))
        self.refusals = refusals
