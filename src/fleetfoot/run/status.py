"""A running controller as plain data: what ``fleetfoot status``, the API and the live view show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fleetfoot.core.formulas import derive
from fleetfoot.core.guards.budget import billed, calendar, spent
from fleetfoot.core.learn import Learnt
from fleetfoot.core.listen import judge
from fleetfoot.core.model import Action, Signal
from fleetfoot.core.pack import decision_to_json, receipt_to_json
from fleetfoot.core.policies.base import Learns
from fleetfoot.core.words import LANGUAGES, pool, tell
from fleetfoot.run.loop import Service
from fleetfoot.run.wire import Live


def status(live: Live) -> dict[str, Any]:
    """Everything about this moment; times in ms of the controller's ``now``, beside ``wall``."""
    loop, now = live.loop, live.clock.now()
    counts, health = loop.counts, live.journal.health()
    return {
        "v": 1,
        "pid": os.getpid(),
        "now": now,
        "wall": live.clock.wall(),
        "up_ms": now - live.clock.start,
        "loop": {
            "steps": counts.steps,
            "early": counts.early,
            "gaps": counts.gaps,
            "failed": counts.failed,
            "age_ms": now - counts.last if counts.last is not None else None,
        },
        "journal": health._asdict(),
        "stages": loop.stages.summary(),
        "budget": _budget(loop.services),
        "services": {name: _service(live, name, service, now) for name, service in loop.services.items()},
    }


def _service(live: Live, name: str, service: Service, now: int) -> dict[str, Any]:
    spec, seen = live.spec.services[name], service.seen
    learnt = service.memory.learnt.get(seen.fleet.revision) if seen else None
    last = live.loop.orders.last.get(name)
    notes = live.loop.readers.notes(name)
    least, most = service.bounds(live.clock.wall())
    return {
        "listen": notes.get("listen", spec.listen) if spec.target != "ecs" else None,
        "target": spec.target,
        "objective": {
            "percentile": spec.objective.percentile,
            "latency": spec.objective.latency,
            "errors": spec.objective.errors,
        },
        "min": least,
        "max": most,
        "fleet": _fleet(seen.fleet._asdict(), now) if seen else None,
        "signals": _signals(service, seen.signals, now) if seen else {},
        "operator": live.loop.operators.at(name, now)._asdict(),
        "people": {
            what: {"who": action.who, "count": action.count, "until": action.until, "reason": action.reason}
            for what, action in live.loop.operators.held(name, now).items()
        },
        "decision": decision_to_json(service.decision) if service.decision else None,
        "changed": decision_to_json(service.changed) if service.changed else None,
        "words": _words(service),
        "warm_pool": _pool(service),
        "database": _database(service),
        "last_order": receipt_to_json(last) if last else None,
        "learnt": _learnt(service, learnt),
        "throughput": learnt.throughput if learnt else None,
        "startup_p95": learnt.startup_p95 if learnt else None,
        "seconds_over": service.seconds_over,
        "sources": _sources(live, name, now),
        "tasks": [task._asdict() for task in service.tasks],
        "zones": [] if spec.target == "ecs" else list(spec.task.zones),
        "notes": notes,
    }


def _learnt(service: Service, known: Learnt | None) -> dict[str, Any]:
    """Of this revision: requests/s and task, start-up (ms); and what each policy says it has learnt."""
    slices = service.memory.slices
    return {
        "throughput": known.throughput if known else None,
        "startup_p50": known.startup_p50 if known else None,
        "startup_p95": known.startup_p95 if known else None,
        "policies": {
            policy.name: policy.learnt(slices.get(policy.name, {}))
            for policy in service.settings.policies
            if isinstance(policy, Learns)
        },
    }


def _words(service: Service) -> dict[str, str]:
    """The newest order, or the present hold with its numbers of now: they move while its reasons stay."""
    changed = service.changed
    if changed is not None and changed.action is Action.HOLD:
        changed = service.decision
    return {lang: tell(changed, lang) for lang in LANGUAGES} if changed is not None else {}


def _pool(service: Service) -> dict[str, Any] | None:
    size = service.pool
    return size and {"tasks": size.tasks, "words": {lang: pool(size, lang) for lang in LANGUAGES}}


def _budget(services: Mapping[str, Service]) -> dict[str, Any] | None:
    """What is spent of each limit, in the budget's currency; None without a budget."""
    shared = next((s.settings.shared for s in services.values() if s.settings.shared is not None), None)
    seen = [service for service in services.values() if service.seen is not None]
    if shared is None or shared.budget is None or not seen:
        return None
    today = calendar(max(s.seen.wall for s in seen if s.seen is not None))
    hour = sum((s.settings.price or 0.0) * billed(s.seen.fleet) for s in seen if s.seen is not None)
    limits = []
    for span, soft, hard in shared.budget.limits:
        slices = [s.memory.slices.get("budget", {}) for s in seen]
        used = hour if span == "hour" else sum(spent(mine, span, getattr(today, span)) for mine in slices)
        limits.append({"span": span, "used": round(used, 4), "soft": soft, "hard": hard})
    return {"currency": shared.budget.currency, "limits": limits}


def _database(service: Service) -> dict[str, Any] | None:
    """The pool each task is told, and how many read replicas are wanted; None without a database."""
    pool, mine = service.settings.pool, service.memory.slices.get("connections", {})
    if pool is None:
        return None
    return {
        "name": pool.database.name,
        "connections": pool.database.connections,
        "pool": mine.get("pool"),
        "replicas_wanted": mine.get("replicas", 0),
    }


def _sources(live: Live, name: str, now: int) -> list[dict[str, Any]]:
    return [
        {
            "name": slot.source.name,
            "age_ms": now - slot.answered if slot.answered else None,
            "late": slot.late,
            "error": slot.error,
        }
        for slot in live.loop.readers.slots
        if slot.source.service == name
    ]


def _fleet(fleet: dict[str, Any], now: int) -> dict[str, Any]:
    fleet["age_ms"] = now - fleet["at"]
    fleet["zones"] = dict(fleet["zones"])
    del fleet["starts"]
    return fleet


def _signals(service: Service, signals: Mapping[str, Signal], now: int) -> dict[str, Any]:
    return {s.name: _signal(s, now) for s in derive(service.settings, signals, now).values()}


def _signal(signal: Signal, now: int) -> dict[str, Any]:
    return {
        "value": signal.value,
        "state": str(judge(signal, now)),
        "age_ms": now - signal.end,
        "span_ms": signal.span,
        "coverage": signal.coverage,
    }
