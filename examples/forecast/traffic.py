"""Ten days of a shop's traffic, a sample a minute: `python traffic.py season > season.csv`.

From 07:50 to 08:10 the rate rises from 40 to 280 requests/s, in the evening it falls slowly. In ``holiday`` the last
Monday stays as quiet as a night; in ``gone`` the season ends on the eighth day: 120/s by day and night.
"""

from __future__ import annotations

import itertools
import sys
from datetime import UTC, datetime, timedelta
from random import Random

FIRST = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
KNOTS = ((0, 40), (7.83, 40), (8.17, 280), (12, 300), (13.5, 230), (17, 290), (22, 60), (24, 40))


def usual(hour: float) -> float:
    for (h0, r0), (h1, r1) in itertools.pairwise(KNOTS):
        if h0 <= hour <= h1:
            return r0 + (r1 - r0) * (hour - h0) / (h1 - h0)
    return 40.0


def rate(kind: str, at: datetime) -> float:
    day = (at - FIRST).days
    if kind == "gone" and day >= 7:
        return 120.0
    if kind == "holiday" and day == 7:
        return 40.0
    level = usual(at.hour + at.minute / 60)
    return 40.0 + (level - 40.0) * (0.4 if at.weekday() >= 5 else 1.0)


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "season"
    if kind not in ("season", "holiday", "gone"):
        sys.exit(f"traffic.py: {kind!r} is not season, holiday or gone")
    rng = Random(1)
    print("timestamp,value")
    drift = 1.0
    for minute in range(10 * 1440):
        if minute % 1440 == 0:
            drift = rng.uniform(0.9, 1.1)  # no day is like another
        at = FIRST + timedelta(minutes=minute)
        print(f"{at:%Y-%m-%dT%H:%M:%SZ},{rate(kind, at) * drift * rng.uniform(0.95, 1.05):.2f}")


if __name__ == "__main__":
    main()
