"""What a tuned setting is to be good at: limits that are kept at the least cost, or weights."""

from __future__ import annotations

from typing import NamedTuple

from fleetfoot.sim.score import Score


class Objective(NamedTuple):
    """What is good. With limits: the cheapest that keeps them; each per cent beyond a limit costs as much as a
    fiftieth of the bill. With weights: their sum, where cost is in task-hours."""

    limits: tuple[tuple[str, float], ...] = (("over", 0.004), ("bad", 0.008))
    weights: tuple[tuple[str, float], ...] = ()

    def value(self, score: Score) -> float:
        """Lower is better."""
        figures = {"over": score.share_over, "bad": score.share_bad, "cost": score.task_hours}
        if self.weights:
            return sum(weight * figures[name] * (1.0 if name == "cost" else 100.0) for name, weight in self.weights)
        beyond = sum(max(figures[name] / limit - 1.0, 0.0) for name, limit in self.limits)
        return score.task_hours * (1.0 + 2.0 * beyond)

    def kept(self, score: Score) -> bool:
        """Whether no limit is passed."""
        figures = {"over": score.share_over, "bad": score.share_bad}
        return all(figures[name] <= limit for name, limit in self.limits)


DEFAULT = Objective()


def objective(text: str) -> Objective:
    """``over:0.4%,bad:0.8%`` (limits; the cheapest that keeps them) or ``cost=1,over=5,bad=2`` (weights per task-hour
    and per cent). Raises ValueError."""
    limits: list[tuple[str, float]] = []
    weights: list[tuple[str, float]] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, sign, number = word.partition("=" if "=" in word else ":")
        name, number = name.strip(), number.strip()
        share = number.endswith("%")
        try:
            value = float(number.rstrip("%")) / (100.0 if share else 1.0)
        except ValueError:
            value = -1.0
        if not sign or value <= 0 or name not in ("over", "bad", "cost") or (":" in word and name == "cost"):
            raise ValueError(f"{word!r} is no objective: write over:0.4%,bad:0.8% or cost=1,over=5,bad=2")
        (limits if ":" in word else weights).append((name, value))
    if (not limits and not weights) or (limits and weights):
        raise ValueError("write limits, such as over:0.4%,bad:0.8%, or weights, such as cost=1,over=5,bad=2")
    return Objective(tuple(limits), tuple(weights))
