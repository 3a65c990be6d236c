"""How urgent a change is, by what the service shows at this moment (the design notes' scores).

The source's 2 s and 5 s of response time are 2 and 5 times the objective, which is 1 s there.
"""

from __future__ import annotations

from fleetfoot.core.view import View

CALM = 1.0
#: signal -> (from, score), the highest first; a share but for latency, in objectives
SCORES: dict[str, tuple[tuple[float, float], ...]] = {
    "cpu": ((0.9, 2.0), (0.8, 1.0)),
    "latency": ((5.0, 2.0), (2.0, 1.0)),
    "errors": ((0.10, 3.0), (0.05, 1.5)),
}


def score(signal: str, value: float) -> float:
    """What ``value`` adds: over a bound, not on it."""
    return next((points for bound, points in SCORES[signal] if value > bound), 0.0)


def urgency(view: View) -> float:
    """1 (calm) to 7. A signal that is not seen adds nothing."""
    total = 0.0
    for signal in SCORES:
        if view.usable(signal):
            value = view.value(signal)
            total += score(signal, value / view.settings.objective if signal == "latency" else value)
    return max(total, CALM)


def load(view: View) -> float:
    """1 with half of the tasks' work to do or less, 2 with all of it: a busy fleet is let go of later.

    The design notes name such a factor and leave it open; this is ours. Work is cpu where it is seen, else the rate.
    """
    if view.usable("cpu"):
        share = view.value("cpu")
    elif view.usable("requests"):
        share = view.value("requests") / (max(view.fleet.serving, 1) * view.throughput)
    else:
        return CALM
    return 1.0 + min(max(2.0 * share - 1.0, 0.0), 1.0)
