"""What a simulated service is like: its requests, its tasks, its clients. Plain values, each with its unit."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

LONG = 1e9  # ms: eleven days

#: What the values may be; None, where a value may be that, is allowed everywhere.
RANGES = {
    "cs2": (0, 1e6), "queue_limit": (0, LONG), "knee_slope": (0, 1e6), "cold": (0, LONG), "startup": (0, LONG),
    "startup_spread": (0, 10), "registration": (0, LONG), "drain": (0, LONG), "retries": (0, 1000),
    "retry_share": (0, 1), "retry_delay": (0, LONG), "concurrency": (1, 1e6), "timeout": (0, LONG),
}  # fmt: skip
ABOVE_ZERO = ("service", "shed", "knee", "cold_factor", "life", "patience")


@dataclass(frozen=True, slots=True)
class Setup:
    """One service in the simulated world. The defaults are the friendly measuring plant (``sim/measuring.py``)."""

    # a request
    service: float = 50.0  # ms of work, mean
    cs2: float = 1.0  # squared coefficient of variation of the work: 1 exponential, 0 always the same, else lognormal
    objective: float = 1000.0  # ms, at ``percentile``
    percentile: float = 0.95
    timeout: float = 10_000.0  # ms after its arrival at which a request has failed
    # the line and the tasks
    concurrency: int = 1  # requests one task works on at a time
    queued: bool = True  # what waits is in the balancer's queue; else at the tasks, in flight to the balancer's eyes
    queue_limit: int | None = None  # waiting requests beyond which new ones are refused; None: no limit
    shed: float | None = None  # ms of estimated wait at which the balancer refuses a request; None: never
    knee: float | None = None  # requests in service at once beyond which a shared database slows all; None: never
    knee_slope: float = 0.5  # at twice the knee each request works 1 + this times as long
    cold: int = 0  # ms for which a new task is cold
    cold_factor: float = 2.0  # work of a request on a cold task, times
    # the fleet
    minimum: int = 2
    maximum: int = 200
    startup: int = 30_000  # ms from the order to a started task, billed
    startup_spread: float = 0.0  # deviation of the logarithm of the start-up span, whose median is ``startup``
    failed_starts: float = 0.0  # share of the starts that fail at their end and are tried again
    registration: int = 10_000  # ms from started to the first request
    drain: int = 30_000  # ms a removed task is billed on
    life: float | None = None  # s a serving task lives on average before it crashes and is replaced; None: for ever
    losses: tuple[tuple[int, float], ...] = ()  # (ms, share of the serving tasks lost at once), e.g. a zone of three
    # clients that come again
    retries: int = 0  # times at most
    retry_share: float = 1.0  # of those given up or refused
    retry_delay: float = 1000.0  # ms, mean of an exponential
    patience: float | None = None  # ms without an answer after which a client asks again; None: the time-out

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be."""
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise ValueError(f"{name} must be from {least:g} to {most:g}, not {value!r}")
        for name in ABOVE_ZERO:
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise ValueError(f"{name} must be over 0, not {value!r}")
        if not 0 < self.percentile < 1:
            raise ValueError(f"percentile must be over 0 and under 1, not {self.percentile!r}")
        if not 0 <= self.failed_starts < 1:
            raise ValueError(f"failed_starts must be 0 or more and under 1, not {self.failed_starts!r}")
        if not 0 < self.objective < self.timeout:
            raise ValueError("the objective must be over 0 ms and under the time-out")
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError("need 1 <= minimum <= maximum")
        if not all(at >= 0 and 0 <= share <= 1 for at, share in self.losses):
            raise ValueError("losses must be at 0 ms or later, and shares of 0 to 1")
        if self.patience is not None and not self.patience <= self.timeout:
            raise ValueError("patience must be no longer than the time-out")

    @property
    def throughput(self) -> float:
        """Requests/s one task carries when it is never idle."""
        return 1000.0 * self.concurrency / self.service

    @property
    def lead(self) -> int:
        """ms from an order to the first request, as a rule."""
        return self.startup + self.registration
