"""What a simulated service is like: its requests, its tasks, its clients. Plain values, each with its unit."""

from __future__ import annotations

from dataclasses import dataclass


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
        if not (self.service > 0 and self.cs2 >= 0 and self.concurrency >= 1):
            raise ValueError("service must be over 0 ms, cs2 0 or more, concurrency 1 or more")
        if not 0 < self.objective < self.timeout:
            raise ValueError("the objective must be over 0 ms and under the time-out")
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError("need 1 <= minimum <= maximum")
        if not all(0 <= share <= 1 for _, share in self.losses) or (self.life is not None and self.life <= 0):
            raise ValueError("shares lost must be 0 to 1, and a life over 0 s")
        if self.patience is not None and not 0 < self.patience <= self.timeout:
            raise ValueError("patience must be over 0 ms and not over the time-out")

    @property
    def throughput(self) -> float:
        """Requests/s one task carries when it is never idle."""
        return 1000.0 * self.concurrency / self.service

    @property
    def lead(self) -> int:
        """ms from an order to the first request, as a rule."""
        return self.startup + self.registration
