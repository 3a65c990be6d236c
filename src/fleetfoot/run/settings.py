"""How the live loop runs: times in ms, each with the reason for its default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveSettings:
    tick: int = 1000  # one step a second
    lead: int = 40  # readings are asked for this long before a tick, so that they are new when it comes
    early: int = 200  # at most five steps a second, however often the data plane wakes the loop
    fresh_within: int = 40  # an early step waits this long for the readings it asked for
    read_deadline: int = 800  # shorter than a tick: a late source becomes a stale signal
    durable_within: int = 200  # growth waits this long for the journal, scale-in until it is durable
    closing: int = 3000  # an ending controller waits this long for the journal; its keeper kills it after 5 s
    order_deadline: int = 1000  # one attempt at an order
    order_patience: int = 4000  # attempts are repeated this long, unless a newer order takes over
    order_pause: int = 250  # between two attempts
    checkpoint: int = 600_000  # memory is kept at every order and this often
    repeat: int = 10_000  # an accepted order for the same count is not given again within this
    stages: int = 600_000  # an order's stages are followed this long
