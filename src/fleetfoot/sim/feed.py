"""What the world measured, as the metric sources of scalers deliver it: ``scaler.Feed`` over the plant's rows."""

from __future__ import annotations

from fleetfoot.core.model import Start
from fleetfoot.sim import layout as k
from fleetfoot.sim.plant import Plant

SUMMED = {
    "requests": k.REQUESTS,
    "completed": k.COMPLETED,
    "in_flight": k.IN_SERVICE,
    "queue": k.QUEUE,
}  # the mean over a span is a difference of running sums


class Measured:
    """``scaler.Feed``, and for the engine the newest rows themselves.

    ``now``: ms since the run began; ``span``: ms of the newest reading, less than 1000 where the data plane woke the
    loop.
    """

    def __init__(self, plant: Plant, starts: list[Start]) -> None:
        self.now = 0
        self.span = 1000
        self.queued = plant.setup.queued
        self._part = plant.part
        #: ``watch(throughput)`` asks to be woken; ``Plant.watch``
        self.watch = plant.watch
        self._starts = starts
        self._sums, self._rows = plant.sums, plant.rows
        self._mask = len(plant.rows) - 1
        self._concurrency = plant.setup.concurrency

    def points(self, name: str, period: int, delay: int, count: int) -> list[float]:
        last = (self.now - delay) // period
        first = max(last - count, 0)
        return [self._over(name, i * period // 1000, (i + 1) * period // 1000) for i in range(first, last)]

    def mean(self, name: str, span: int, delay: int = 0) -> float | None:
        end = (self.now - delay) // 1000
        begin = max(end - span // 1000, 0)
        return self._over(name, begin, end) if end > begin else None

    def take_starts(self) -> tuple[Start, ...]:
        """The starts that finished since this was asked last."""
        if not self._starts:
            return ()
        found = tuple(self._starts)
        self._starts.clear()
        return found

    def part(self) -> list[float]:
        """What was seen of the last ``span`` ms, part of a second; counts as means a second."""
        found: list[float] = self._part.tolist()
        return found

    def row(self, second: int) -> list[float]:
        """What was seen of one second: the columns of ``layout``."""
        found: list[float] = self._rows[second & self._mask].tolist()
        return found

    def means(self, begin: int, end: int) -> list[float]:
        """The same over the seconds from ``begin`` to before ``end``: means, and the largest p95."""
        sums = self._sums[end & self._mask] - self._sums[begin & self._mask]
        found: list[float] = (sums / (end - begin)).tolist()
        found[k.LATENCY] = self.slowest(begin, end)
        return found

    def total(self, column: int, begin: int, end: int) -> float:
        """The sum of one column over the seconds from ``begin`` to before ``end``."""
        return float(self._sums[end & self._mask, column]) - float(self._sums[begin & self._mask, column])

    def slowest(self, begin: int, end: int) -> float:
        """The largest p95 of those seconds, ms."""
        return max(float(self._rows[second & self._mask, k.LATENCY]) for second in range(begin, end))

    def _over(self, name: str, begin: int, end: int) -> float:
        seconds, total = end - begin, self.total
        column = SUMMED.get(name)
        if column is not None:
            return total(column, begin, end) / seconds
        if name == "concurrency":
            return (total(k.IN_SERVICE, begin, end) + total(k.QUEUE, begin, end)) / seconds
        if name == "serving":
            return total(k.SERVERS, begin, end) / self._concurrency / seconds
        if name == "cpu":
            servers = total(k.SERVERS, begin, end)
            return min(total(k.IN_SERVICE, begin, end) / servers, 1.0) if servers else 0.0
        if name == "latency":
            return self.slowest(begin, end)
        if name == "errors":
            lost = total(k.FAILED, begin, end) + total(k.SHED, begin, end)
            ended = lost + total(k.COMPLETED, begin, end)
            return lost / ended if ended else 0.0
        raise KeyError(f"the world measures no {name!r}")
