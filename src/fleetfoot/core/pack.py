"""JSON forms of observations and decisions, exact both ways: what the journal keeps and replay reads."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.model import (
    Abstain,
    Action,
    Blind,
    Decision,
    Fleet,
    Grant,
    Observation,
    Operator,
    Reason,
    Receipt,
    Signal,
    Start,
    State,
    Trail,
    Vote,
    Want,
)


def observation_to_json(seen: Observation) -> dict[str, Any]:
    fleet = seen.fleet._asdict()
    fleet["zones"], fleet["starts"] = dict(seen.fleet.zones), [list(start) for start in seen.fleet.starts]
    return {
        "now": seen.now,
        "wall": seen.wall,
        "gap": seen.gap,
        "signals": {name: list(signal) for name, signal in seen.signals.items()},
        "fleet": fleet,
        "operator": list(seen.operator),
        **({} if seen.grant is None else {"grant": _grant_to_json(seen.grant)}),
        **({"offsets": {zone: list(row) for zone, row in seen.offsets.items()}} if seen.offsets else {}),
    }


def _grant_to_json(grant: Grant) -> dict[str, Any]:
    """What is not the default: most of it seldom says anything."""
    usual = Grant._field_defaults
    return {name: value for name, value in grant._asdict().items() if value != usual[name]}


def observation_from_json(data: dict[str, Any]) -> Observation:
    fleet = dict(data["fleet"])
    fleet["starts"] = tuple(Start(*row) for row in fleet["starts"])
    fleet["state"] = State(fleet["state"])
    signals = {name: Signal(*row[:7])._replace(state=State(row[7])) for name, row in data["signals"].items()}
    grant = Grant(**data["grant"]) if "grant" in data else None
    offsets = {zone: (now, at, then) for zone, (now, at, then) in data.get("offsets", {}).items()}
    operator = Operator(*data["operator"])
    return Observation(data["now"], data["wall"], signals, Fleet(**fleet), data["gap"], operator, grant, offsets)


def reason_to_json(reason: Reason) -> dict[str, Any]:
    return {"code": str(reason.code), **({"data": dict(reason.data)} if reason.data else {})}


def reason_from_json(data: dict[str, Any]) -> Reason:
    return Reason(data["code"], data.get("data", {}))


def _vote_to_json(vote: Vote) -> dict[str, Any]:
    kind = type(vote).__name__.lower()
    row: dict[str, Any] = {"vote": kind, "reason": reason_to_json(vote.reason)}
    if isinstance(vote, Want):
        row |= {"tasks": vote.tasks, "urgent": vote.urgent, "flip": vote.flip}
        row |= {"keeps": True} if vote.keeps else {}
    elif isinstance(vote, Blind):
        row |= {"signal": vote.signal, "state": str(vote.state)}
    return row


def _vote_from_json(row: dict[str, Any]) -> Vote:
    reason = reason_from_json(row["reason"])
    if row["vote"] == "want":
        return Want(row["tasks"], reason, row["urgent"], row["flip"], row.get("keeps", False))
    if row["vote"] == "blind":
        return Blind(row["signal"], State(row["state"]), reason)
    return Abstain(reason)


def decision_to_json(decision: Decision) -> dict[str, Any]:
    row = decision._asdict()
    row["action"] = str(decision.action)
    row["reasons"] = [reason_to_json(reason) for reason in decision.reasons]
    row["votes"] = [[name, _vote_to_json(vote)] for name, vote in decision.votes]
    row["trail"] = [[t.guard, t.before, t.after, reason_to_json(t.reason)] for t in decision.trail]
    return row


def decision_from_json(row: dict[str, Any]) -> Decision:
    data = dict(row)
    data["action"] = Action(data["action"])
    data["reasons"] = tuple(reason_from_json(reason) for reason in data["reasons"])
    data["votes"] = tuple((name, _vote_from_json(vote)) for name, vote in data["votes"])
    data["trail"] = tuple(
        Trail(guard, before, after, reason_from_json(reason)) for guard, before, after, reason in data["trail"]
    )
    return Decision(**data)


def receipt_to_json(receipt: Receipt) -> dict[str, Any]:
    return receipt._asdict()
