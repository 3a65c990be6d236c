"""One moment of a journal decided again, so that all of it can be told."""

from __future__ import annotations

from fleetfoot.core.model import Decision
from fleetfoot.edge.journal.read import Reader
from fleetfoot.face.replaying import NotKept, rows, window
from fleetfoot.sim.replay import Moment, moments

SLACK = 5_000  # ms before the moment within which a step must have been made


def moment(reader: Reader, service: str, wall: int, decision: Decision | None = None) -> Moment | None:
    """The last step not after ``wall`` (ms), or that of ``decision``; None when it cannot be decided again."""
    try:
        within = window(reader, service, wall - SLACK, wall)
    except NotKept:
        return None
    found = None
    for one in moments(rows(reader, service, within), within.since):
        if decision is not None and one.decision.now > decision.now:
            break
        found = one
    if found is None or (decision is not None and found.decision.now != decision.now):
        return None
    return found
