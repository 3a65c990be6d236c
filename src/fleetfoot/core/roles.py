"""What a signal's role lets its policies do. One that votes does all; here are the other two.

A **vetoing** signal may only refuse a scale-in: a wish for more becomes a wish for the present count, and with
nobody else's wish it orders nothing. An **advising** one is told, and neither grows, shrinks nor holds. A policy
counts by the strongest role among the signals it reads; ``thresholds`` and ``composite`` tell theirs apart.
"""

from __future__ import annotations

from fleetfoot.core.contract import ADVISES, VETOES, VOTES
from fleetfoot.core.model import Abstain, Data, Reason, Vote, Want
from fleetfoot.core.policies.base import Policy, advise
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

Votes = tuple[tuple[str, Vote], ...]


def in_roles(view: View, policies: tuple[Policy, ...], votes: Votes) -> Votes:
    """The votes as far as the roles of their policies let them count."""
    roles = [_role(view, policy) for policy in policies]
    wanted = any(role == VOTES and isinstance(vote, Want) for role, (_, vote) in zip(roles, votes, strict=True))
    return tuple(
        [
            (name, vote if role == VOTES else _in_role(view, policy, role, vote, wanted=wanted))
            for policy, role, (name, vote) in zip(policies, roles, votes, strict=True)
        ]
    )


def _role(view: View, policy: Policy) -> str:
    roles = view.settings.roles
    found = [roles.get(signal, VOTES) for signal in policy.reads]
    return VOTES if not found or VOTES in found else VETOES if VETOES in found else ADVISES


def _in_role(view: View, policy: Policy, role: str, vote: Vote, *, wanted: bool) -> Vote:
    if not isinstance(vote, Want):
        return vote if role == VETOES else Abstain(vote.reason)
    if vote.tasks <= view.current:
        if role == ADVISES:
            return Abstain(vote.reason)
        return vote if wanted else vote._replace(tasks=view.current)
    data = _told(policy, vote.reason)
    if role == ADVISES:
        return Abstain(advise(view, data))
    return Want(view.current, Reason(Code.VETOES, data))


def _told(policy: Policy, reason: Reason) -> Data:
    data = reason.data
    return {
        "signal": data.get("signal", policy.reads[0]),
        "value": data.get("value", data.get("rate", 0.0)),
        "bound": data.get("threshold", data.get("target", data.get("per_task", 0.0))),
    }
