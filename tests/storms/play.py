"""Play a plan to its end, or to the first promise that is broken; make a broken one smaller."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from fleetfoot.core.compile import compile_spec
from fleetfoot.core.engine import settle_all, step, wish
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, Observation
from fleetfoot.core.pack import decision_to_json, observation_from_json, observation_to_json
from fleetfoot.core.settings import Settings
from fleetfoot.spec.zones import Zones
from tests.storms.plans import CALM, SHARED, Plan, smaller
from tests.storms.promises import PROMISES, SIZING, Moment, Past
from tests.storms.weather import START, Weather

if TYPE_CHECKING:
    from hashlib import _Hash

MEMORY = 400_000  # characters of JSON one service's memory never passes
SETTLED = 60  # s at the end in which nothing may move to and fro, and the demand must be carried


class Broken(NamedTuple):
    """One promise that was not kept."""

    promise: str
    service: int
    second: float
    why: str
    plan: Plan

    def __str__(self) -> str:
        return f"{self.promise}: {self.why}\nat {self.second:.2f} s, service s{self.service}\n{self.plan}"


class Actor:
    """One service, its world and its controller's memory."""

    def __init__(self, plan: Plan, number: int, settings: Settings) -> None:
        self.number, self.settings = number, settings
        self.weather = Weather.of(plan, number)
        self.memory, self.zones = Memory(), Zones(settings.zones)
        self.past = Past(since=START)
        self.kept: str | None = None  # the newest checkpoint
        self.names = tuple(sorted(settings.windows))
        self.moves: list[tuple[float, int]] = []
        self.carried: list[bool] = []
        self.exact: tuple[str, list[str], list[str]] | None = None  # memory, observations, decisions of a span

    def observe(self, span: float) -> Observation:
        weather = self.weather
        weather.meddle()
        weather.pass_time(span)
        skew = 3_600_000 if weather.on("wall clock") else 0
        now = START + round(weather.now * 1000)
        gap = round(span * 1000) if span > 3 else 0
        fleet = weather.fleet()
        signals, operator, offsets = weather.signals(self.names, span), weather.operator(), self.zones.at(now + skew)
        return Observation(now, now + skew, signals, fleet, gap, operator, offsets=offsets)

    def restart(self) -> None:
        """A new controller: with the newest checkpoint, or with nothing."""
        forgetful = self.weather.on("forgetful restart")
        if forgetful or self.weather.on("restart"):
            fault = forgetful or self.weather.on("restart")
            if fault is not None and self.weather.now - fault.at < 1:
                kept = None if forgetful else self.kept
                self.memory = Memory.from_json(json.loads(kept)).restarted() if kept else Memory()
                self.past.since, self.exact = START + round(self.weather.now * 1000), None
                self.past.failed, self.past.urgent = 0, None


def play(plan: Plan) -> Broken | None:
    """The first broken promise of ``plan``, or None."""
    return Play(plan).run()


class Play:
    """``digest`` takes in every decision whole, with all that is told of it, and what is remembered every minute."""

    def __init__(self, plan: Plan, digest: _Hash | None = None) -> None:
        self.plan = plan
        self.digest = digest
        compiled = compile_spec(plan.spec())
        self.actors = [Actor(plan, number, settings) for number, settings in enumerate(compiled.values())]
        self.rng = Random(plan.seed)
        self.asleep_until = 0.0

    def run(self) -> Broken | None:
        now, number = 0.0, 0
        while now < self.plan.seconds + CALM:
            span = self._span(now)
            now += span
            number += 1
            try:
                broken = self._tick(span, number)
            except Exception as error:  # noqa: BLE001 - nothing may be raised, whatever it is
                return self._broken("never raises", 0, f"{type(error).__name__}: {error}")
            if broken is not None:
                return broken
        for actor in self.actors:
            broken = self._end(actor)
            if broken is not None:
                return broken
        return None

    def _span(self, now: float) -> float:
        """A second; less where the data plane wakes the loop, more where it slept."""
        weather = self.actors[0].weather
        asleep = weather.on("asleep")
        if asleep and now >= self.asleep_until:
            self.asleep_until = asleep.at + asleep.lasts
            return max(1.0, self.asleep_until - now)
        return 0.25 if weather.on("early wakes") and self.rng.random() < 0.5 else 1.0

    def _tick(self, span: float, number: int) -> Broken | None:
        seen, wishes = {}, {}
        for actor in self.actors:
            observation = actor.observe(span)
            actor.restart()
            actor.past.starts(observation)
            if number % 97 == 50 and actor.exact is None:
                actor.exact = (json.dumps(actor.memory.to_json()), [], [])
            seen[str(actor.number)] = observation
            wishes[str(actor.number)] = wish(actor.settings, actor.memory, observation)
        settled = settle_all(wishes)
        decisions = {name: decision for name, (decision, _) in settled.items()}
        for actor in self.actors:
            name = str(actor.number)
            seen[name] = seen[name]._replace(grant=settled[name][1])
            actor.weather.held = wishes[name].view.minimum
            moment = Moment(actor.settings, actor.weather, seen[name], wishes[name], decisions[name], actor.past)
            broken = self._look(actor, moment)
            if broken is not None:
                return broken
            self._obey(actor, moment, number)
        return self._shared(decisions)

    def _look(self, actor: Actor, moment: Moment) -> Broken | None:
        for promise in PROMISES:
            why = promise(moment)
            if why:
                return self._broken(promise.__name__, actor.number, why)
        return None

    def _obey(self, actor: Actor, moment: Moment, number: int) -> None:
        decision, weather = moment.decision, actor.weather
        actor.past.remember(moment)
        if self.digest is not None:
            self.digest.update(json.dumps(decision_to_json(decision)).encode())
        if decision.action is not Action.HOLD:
            weather.order(decision.desired)
            actor.moves.append((weather.now, decision.desired - decision.current))
        if actor.exact is not None and len(actor.exact[1]) < 40:
            actor.exact[1].append(json.dumps(observation_to_json(moment.seen)))
            actor.exact[2].append(json.dumps(decision_to_json(decision)))
        if number % 60 == 0:
            actor.kept = json.dumps(actor.memory.to_json())
            if self.digest is not None:
                self.digest.update(actor.kept.encode())
        if weather.now > self.plan.seconds + CALM - SETTLED:
            needs = weather.written.rate
            actor.carried.append(weather.serving * weather.written.throughput >= needs)

    def _shared(self, decisions: dict[str, Decision]) -> Broken | None:
        """All services together stay inside what they share, but for their minimums and what they had."""
        had = {str(a.number): max(decisions[str(a.number)].current, a.weather.held) for a in self.actors}
        if all(d.desired <= had[name] for name, d in decisions.items()):
            return None
        tasks = sum(d.desired for d in decisions.values())
        for word, (unit, most) in SHARED.items():
            if word in self.plan.limits and unit * tasks > most:
                return self._broken("the shared limit", 0, f"{tasks} tasks take {unit * tasks:g} {word} of {most:g}")
        return None

    def _end(self, actor: Actor) -> Broken | None:
        size = len(json.dumps(actor.memory.to_json()))
        if size > MEMORY:
            return self._broken("memory is bounded", actor.number, f"{size} characters")
        return self._replayed(actor) or self._settled(actor) or self._recovered(actor)

    def _replayed(self, actor: Actor) -> Broken | None:
        """A span read back from JSON is decided the same, to the byte."""
        if actor.exact is None:
            return None
        kept, observations, decisions = actor.exact
        memory = Memory.from_json(json.loads(kept))
        for row, told in zip(observations, decisions, strict=True):
            again = json.dumps(decision_to_json(step(actor.settings, memory, observation_from_json(json.loads(row)))))
            if again != told:
                return self._broken("replay is exact", actor.number, f"{told}\nthen {again}")
        return None

    def _settled(self, actor: Actor) -> Broken | None:
        """Even traffic, and nothing wrong for minutes: no more to and fro, where the file asks for any rest at all."""
        guards = actor.settings.guards
        if guards.stabilise_in == guards.cooldown_in == 0:
            return None
        end = self.plan.seconds + CALM - SETTLED
        ways = [by > 0 for at, by in actor.moves if at > end]
        turns = sum(a != b for a, b in pairwise(ways))
        return self._broken("peace", actor.number, f"{turns} turns in the last minute") if turns > 2 else None

    def _recovered(self, actor: Actor) -> Broken | None:
        """Minutes after the last fault the demand is carried, where a policy sizes for it and the bounds allow it."""
        written = actor.weather.written
        sizing = not written.policies or any(p.split(":")[0] in SIZING for p in written.policies)
        room = written.high * written.throughput * 0.6 >= written.rate
        slowed = any(row.startswith(("rate", "schedule")) for row in (*written.guards, *written.policies))
        free = not self.plan.limits and not slowed
        if not (sizing and room and free) or all(actor.carried[-10:]):
            return None
        return self._broken(
            "recovery", actor.number, f"{actor.weather.serving} tasks serve {written.rate:g}/s at the end"
        )

    def _broken(self, promise: str, service: int, why: str) -> Broken:
        return Broken(promise, service, self.actors[service].weather.now, why, self.plan)


def shrink(broken: Broken) -> Broken:
    """The smallest plan found that breaks the same promise."""
    while True:
        for candidate in smaller(broken.plan):
            again = play(candidate)
            if again is not None and again.promise == broken.promise:
                broken = again
                break
        else:
            return broken


def digest(plan: Plan) -> tuple[str, Broken | None]:
    """All that is decided, told and remembered in ``plan``, in sixteen digits, and the first broken promise."""
    found = sha256()
    broken = Play(plan, found).run()
    return found.hexdigest()[:16], broken
