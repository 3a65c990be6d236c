"""Several services share what there is: reads every wish, grants each its share of the shared limits.

A lone service is granted the whole limit. The shared limits themselves (budget, connections, launch quota)
come as resource guards; until one is declared everybody is granted everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Grant(NamedTuple):
    """What one service may use; None is no limit."""

    tasks: int | None = None


WHOLE = Grant()


def grant(wishes: Mapping[str, int], tasks: int | None = None, critical: tuple[str, ...] = ()) -> dict[str, Grant]:
    """Share ``tasks`` between services by name: the critical ones first, the others in proportion to their wish.

    The shares are whole tasks; what rounding leaves goes to the largest wish, ties by name.
    """
    if tasks is None or sum(wishes.values()) <= tasks:
        return dict.fromkeys(wishes, WHOLE)
    left, grants = tasks, {}
    for name in sorted(set(critical) & set(wishes)):
        grants[name] = Grant(min(wishes[name], left))
        left -= grants[name].tasks or 0
    others = sorted((name for name in wishes if name not in grants), key=lambda name: (-wishes[name], name))
    total = sum(wishes[name] for name in others)
    shares = {name: min(wishes[name], left * wishes[name] // total) if total else 0 for name in others}
    spare = left - sum(shares.values())
    for name in others:
        more = min(spare, wishes[name] - shares[name])
        shares[name] += more
        spare -= more
        grants[name] = Grant(shares[name])
    return grants
