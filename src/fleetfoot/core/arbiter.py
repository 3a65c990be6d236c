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


def grant(
    wishes: Mapping[str, int],
    tasks: int | None = None,
    critical: tuple[str, ...] = (),
    present: Mapping[str, int] | None = None,
) -> dict[str, Grant]:
    """Share ``tasks`` between services by name: the critical ones first, the others in proportion to their wish.

    What a service has at ``present`` and still wishes for is not taken from it: only the rest is shared. The
    shares are whole tasks; what rounding leaves goes to the largest wish, ties by name.
    """
    if tasks is None or sum(wishes.values()) <= tasks:
        return dict.fromkeys(wishes, WHOLE)
    shares = {name: min(wish, (present or {}).get(name, 0)) for name, wish in wishes.items()}
    left = max(0, tasks - sum(shares.values()))
    for name in sorted(set(critical) & set(wishes)):
        more = min(wishes[name] - shares[name], left)
        shares[name] += more
        left -= more
    growth = {name: wish - shares[name] for name, wish in wishes.items() if name not in critical}
    total = sum(growth.values())
    more_for = {name: min(by, left * by // total) if total else 0 for name, by in growth.items()}
    spare = left - sum(more_for.values())
    for name in sorted(growth, key=lambda name: (-wishes[name], name)):
        more = min(spare, growth[name] - more_for[name])
        shares[name] += more_for[name] + more
        spare -= more
    return {name: Grant(share) for name, share in shares.items()}
