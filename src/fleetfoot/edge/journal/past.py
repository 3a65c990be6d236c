"""The traffic a journal remembers: its one-minute summaries as a history to forecast from."""

from __future__ import annotations

from pathlib import Path

from fleetfoot.edge.journal.read import CannotRead, Reader
from fleetfoot.predict.history import LONGEST, STEP, History, HistoryError, Part, slotted


def from_journal(path: Path, service: str, until: int) -> History:
    """The requests/s of ``service`` before ``until`` (wall, ms). Raises HistoryError."""
    try:
        with Reader(path) as reader:
            rows = reader.rollups(service, until - LONGEST * 1000, until)
    except CannotRead as failure:
        raise HistoryError(str(failure)) from failure
    newest = until // 1000 // STEP * STEP  # the slot of now is not over yet
    parts = (
        Part(row["wall"] / 1000, row["span"] / 1000, row["requests_mean"])
        for row in rows
        if row["requests_mean"] is not None and (row["wall"] + row["span"]) / 1000 <= newest + 60
    )
    found = slotted(parts, STEP, f"the journal of {service}")
    over = max(0, (found.end - newest) // STEP)
    return found._replace(values=found.values[: len(found.values) - over]) if over else found
