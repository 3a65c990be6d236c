"""What people have ordered, put together from their actions: the newest of each kind counts until it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetfoot.core.model import Operator
from fleetfoot.edge.base import OperatorAction


class Operators:
    """Per service: a fixed count, a hold on growth or scale-in, a permit to overrun the budget, each with its end."""

    def __init__(self, actions: Iterable[OperatorAction] = ()) -> None:
        self._held: dict[str, dict[str, OperatorAction]] = {}
        for action in actions:
            self.take(action)

    def take(self, action: OperatorAction) -> None:
        """Let an action count from now on. ``resume`` of neither growth nor scale-in ends everything; what is about
        the tasks themselves, zones and versions, holds no count."""
        held = self._held.setdefault(action.service, {})
        parts = [name for name, meant in (("growth", action.growth), ("shrink", action.shrink)) if meant]
        if action.kind == "scale":
            held["fixed"] = action
        elif action.kind == "permit":
            held["permit"] = action
        elif action.kind == "pause":
            held.update(dict.fromkeys(parts or ("growth", "shrink"), action))
        elif action.kind == "resume":
            for name in parts or ("growth", "shrink", "fixed", "permit"):
                held.pop(name, None)

    def held(self, service: str, now: int) -> Mapping[str, OperatorAction]:
        """What holds at ``now``: ``fixed``, ``growth``, ``shrink`` and ``permit`` -> the action it comes from."""
        held = self._held.get(service, {})
        for name in [name for name, action in held.items() if action.until and action.until <= now]:
            del held[name]
        return held

    def at(self, service: str, now: int) -> Operator:
        """The same for the engine; ``until`` is the first end among it."""
        held = self.held(service, now)
        if not held:
            return Operator()
        fixed = held.get("fixed")
        newest = max(held.values(), key=lambda action: action.now)
        ends = [action.until for name, action in held.items() if action.until and name != "permit"]
        return Operator(
            fixed.count if fixed else None,
            "growth" in held,
            "shrink" in held,
            min(ends, default=0),
            (fixed or newest).who,
            held["permit"].until if "permit" in held else 0,
        )
