"""What a new controller remembers: the newest checkpoint, then the same steps again over what was seen since.

A controller that was killed had no time for a last checkpoint. The journal has what it saw meanwhile, and the
engine makes the same decisions of the same observations: a hold, an episode, a figure learnt are there again.
Nothing is ordered by it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from fleetfoot.core import warm
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Observation
from fleetfoot.core.settings import Settings
from fleetfoot.edge.base import Past
from fleetfoot.edge.journal.read import CannotRead, Reader

log = logging.getLogger("fleetfoot.remember")

MOST_MS = 900_000  # of observations: more than lies between two checkpoints
MOST_STEPS = 5_000  # a second's work


def remember(name: str, settings: Settings, past: Past, journal: Path, text: str) -> Memory:
    """The memory of the service ``name`` as the last controller had it, ready for a new one. ``text``: its file."""
    memory = _kept(name, past)
    if memory.now is None or memory.now >= past.last:
        return memory.restarted()
    try:
        with Reader(journal) as reader:
            if reader.spec_at(past.last) != text:
                return memory.restarted()  # other rules: what they would have done then is not what was done
            start = max(memory.now + 1, past.last - MOST_MS)
            return _again(memory, settings, reader.observations(name, start, past.last)).restarted()
    except CannotRead:
        return memory.restarted()  # said by the journal itself
    except Exception as failure:  # noqa: BLE001 - a controller without the last minutes is better than none
        log.warning("%s: what was seen since its last checkpoint cannot be used (%s)", name, failure)
        return _kept(name, past).restarted()


def _again(memory: Memory, settings: Settings, seen: Iterable[Observation]) -> Memory:
    for observation in islice(seen, MOST_STEPS):
        decision = step(settings, memory, observation)
        warm.size(settings, memory, observation, decision.desired)
    return memory


def _kept(name: str, past: Past) -> Memory:
    kept = past.memories.get(name)
    if kept is None:
        return Memory()
    try:
        return Memory.from_json(kept)
    except (ValueError, KeyError, TypeError) as failure:
        log.warning("%s: its memory cannot be used (%s); it starts without one", name, failure)
        return Memory()
