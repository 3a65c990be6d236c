"""Made-up lives for made-up services, for property tests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision, Fleet, Observation, Operator, Signal, Start, State
from fleetfoot.core.pack import decision_to_json
from fleetfoot.core.settings import Settings
from tests.unit.core.build import START, Service

counts = st.integers(0, 60)
startups = st.sampled_from([0, 4_000])
fewer = settings(max_examples=max(20, settings.default.max_examples // 3))  # type: ignore[union-attr]


def text(decision: Decision) -> str:
    return json.dumps(decision_to_json(decision), ensure_ascii=False)


def inside(given: Settings, tasks: int) -> int:
    """``tasks`` brought inside the bounds."""
    return min(max(tasks, given.minimum), given.maximum)


DISTURBANCES: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "half of the tasks silent": {"coverage": 0.5},
    "only a lower bound": {"state": State.CENSORED},
    "empty": {"state": State.EMPTY},
    "stale": {"state": State.STALE},
    "missing": {"state": State.MISSING},
    "no number": {"value": float("nan")},
}


@dataclass(frozen=True)
class Stretch:
    """So many ticks of the same."""

    ticks: int
    ms: int
    shown: Mapping[str, float]
    disturbed: tuple[str, ...]  # the signals the disturbance is on
    disturbance: str
    fleet: Mapping[str, Any]
    starts: str  # "good", "bad" or "none"


amounts = st.sampled_from([0.0, 0.3, 5.0, 30.0, 45.0, 80.0, 120.0, 300.0, 2_000.0])
small = st.sampled_from([0.0, 2.0, 30.0, 500.0])


@st.composite
def stretches(draw: st.DrawFn, ticks: int = 25) -> Stretch:
    load = draw(amounts)
    shown = {
        "requests": load, "cpu": draw(amounts), "load": draw(amounts), "completed": draw(st.sampled_from([load, 40.0])),
        "latency": draw(st.sampled_from([80.0, 700.0, 5_000.0])), "errors": draw(st.sampled_from([0.0, 0.3])),
        "in_flight": draw(small), "queue": draw(small),
    }  # fmt: skip
    disturbed = tuple(draw(st.lists(st.sampled_from(sorted(shown)), max_size=3, unique=True)))
    shown["forecast.upper"] = draw(amounts)  # never disturbed: a forecast that is lost blocks nothing, by design
    disturbance = draw(st.sampled_from(sorted(DISTURBANCES)))
    fleet: dict[str, Any] = {
        "deploying": draw(st.sampled_from([False, False, False, True])),
        "state": draw(st.sampled_from([State.FRESH, State.FRESH, State.FRESH, State.STALE])),
        "revision": draw(st.sampled_from(["", "", "r2"])),
    }
    ms = draw(st.sampled_from([1_000, 1_000, 250, 7_000, 90_000]))
    return Stretch(
        draw(st.integers(1, ticks)), ms, shown, disturbed, disturbance, fleet,
        draw(st.sampled_from(["none", "none", "good", "bad"])),
    )  # fmt: skip


lives = st.lists(stretches(), min_size=1, max_size=4)


@dataclass
class Actor:
    """Plays a life with a service; the same actor and life always give the same."""

    service: Service
    number: int = 0

    def observe(self, part: Stretch) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, value in part.shown.items():
            disturbance = DISTURBANCES[part.disturbance] if name in part.disturbed else {}
            shown[name] = {"value": value, **disturbance}
        fleet = dict(part.fleet)
        if part.starts != "none":
            self.number += 1
            good = part.starts == "good"
            fleet["starts"] = (Start(self.number, fleet["revision"], 900 * good, good, "" if good else "exited"),)
        return {"fleet": fleet, **shown}

    def play(self, life: list[Stretch]) -> Iterator[Decision]:
        for part in life:
            for _ in range(part.ticks):
                yield self.service.tick(part.ms, **self.observe(part))


def actor(given: Settings, tasks: int, startup: int = 0, start: int = START) -> Actor:
    service = Service(tasks=tasks, startup=startup)
    service.settings, service.memory, service.now = given, Memory(), start
    return Actor(service)


# -- anything at all

wild_numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.integers(-(10**20), 10**20).map(float), st.just(-0.0),
    st.sampled_from([1e308, 5e-324, 1e12, 0.1, 200.0]),
)  # fmt: skip
wild_counts = st.one_of(st.integers(-3, 40), st.integers(-(10**12), 10**12))
wild_gaps = st.one_of(st.integers(-2_000, 5_000), st.sampled_from([0, 1_000, 10**9, -(10**9), 10**15]))
EVERY = ("requests", "completed", "latency", "errors", "in_flight", "queue", "cpu", "load")


@st.composite
def wild_observations(draw: st.DrawFn, now: int) -> Observation:
    """Any shape of nonsense a broken source, clock or target could hand over."""
    found = {}
    for name in draw(st.lists(st.sampled_from(EVERY), max_size=8, unique=True)):
        found[name] = Signal(
            name, draw(wild_numbers), now + draw(wild_gaps), now + draw(wild_gaps), draw(wild_gaps), draw(wild_gaps),
            draw(st.one_of(st.floats(0, 1), wild_numbers)), draw(st.sampled_from(State)),
        )  # fmt: skip
    starts = st.builds(
        Start, wild_counts, st.sampled_from(["", "r2", "?"]), st.integers(-5, 10**7), st.booleans(), st.text(max_size=5)
    )
    tasks: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(
        ("desired", "serving", "warming", "starting", "draining", "warm", "failed"), wild_counts
    )
    fleet = Fleet(
        at=now + draw(wild_gaps), desired=0, revision=draw(st.sampled_from(["", "r2", "한글"])),
        deploying=draw(st.booleans()), starts=tuple(draw(st.lists(starts, max_size=3))),
        state=draw(st.sampled_from(State)),
    )  # fmt: skip
    fleet = fleet._replace(**draw(st.fixed_dictionaries(tasks)))
    operator = draw(
        st.one_of(
            st.just(Operator()),
            st.builds(Operator, st.none() | wild_counts, st.booleans(), st.booleans(), st.integers(-5, 10**14)),
        )
    )
    return Observation(now, draw(st.integers(-(10**15), 10**15)), found, fleet, draw(wild_gaps), operator)
