"""``policies``: how many tasks are wanted. A policy is a bare word or a mapping with one key.

A new policy is one file here and one line in ``KINDS``; another in ``core/policies``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny, ValidationError

from fleetfoot.spec.errors import Many, Wrong, did_you_mean, listed, raise_if_any, shown
from fleetfoot.spec.policies.adaptive import AdaptivePolicy
from fleetfoot.spec.policies.backlog import BacklogPolicy
from fleetfoot.spec.policies.base import Policy
from fleetfoot.spec.policies.composite import CompositePolicy
from fleetfoot.spec.policies.default import DefaultPolicy
from fleetfoot.spec.policies.forecast import ForecastPolicy
from fleetfoot.spec.policies.graded import GradedPolicy
from fleetfoot.spec.policies.hpa import HpaPolicy
from fleetfoot.spec.policies.schedule import SchedulePolicy
from fleetfoot.spec.policies.slo import SloPolicy
from fleetfoot.spec.policies.step import StepPolicy
from fleetfoot.spec.policies.target import TargetPolicy
from fleetfoot.spec.policies.thresholds import ThresholdsPolicy

__all__ = [
    "KINDS",
    "AdaptivePolicy",
    "BacklogPolicy",
    "CompositePolicy",
    "DefaultPolicy",
    "ForecastPolicy",
    "GradedPolicy",
    "HpaPolicy",
    "Policy",
    "PolicySpec",
    "SchedulePolicy",
    "SloPolicy",
    "StepPolicy",
    "TargetPolicy",
    "ThresholdsPolicy",
    "read_policy",
    "with_names",
]

KINDS: dict[str, type[Policy]] = {
    policy.kind: policy
    for policy in (
        DefaultPolicy,
        SloPolicy,
        TargetPolicy,
        StepPolicy,
        ThresholdsPolicy,
        HpaPolicy,
        SchedulePolicy,
        BacklogPolicy,
        ForecastPolicy,
        CompositePolicy,
        AdaptivePolicy,
        GradedPolicy,
    )
}


def read_policy(item: Any) -> Any:
    """A bare word or a one-key mapping -> the policy. Raises ``Wrong`` or ``Many``."""
    if isinstance(item, Policy):
        return item
    kinds = listed(KINDS)
    if isinstance(item, str):
        kind, body = item.strip(), None
    elif isinstance(item, Mapping) and len(item) == 1:
        kind, body = next(iter(item.items()))
    else:
        raise Wrong(f"must be one policy ({kinds}) with its settings, such as - step: {StepPolicy.example}")
    at: tuple[str, ...] = () if isinstance(item, str) else (kind,)
    if kind not in KINDS:
        message = f"{shown(kind)} is no policy: allowed is {kinds}"
        raise Wrong(message, at=at, on_key=True, suggestion=did_you_mean(kind, KINDS))
    try:
        return KINDS[kind].model_validate({} if body is None else body)
    except ValidationError as error:
        if isinstance(item, str):
            message = f"policy {kind} needs settings: write {kind}: {KINDS[kind].example}"
            raise Wrong(message) from None
        raise Many(inner=error, prefix=at) from None


PolicySpec = Annotated[SerializeAsAny[Policy], BeforeValidator(read_policy)]


def with_names(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """Every policy named, uniquely. Raises ``Many`` when a written name is there twice."""
    taken: dict[str, int] = {}
    wrongs = []
    for index, policy in enumerate(policies):
        if policy.name and taken.setdefault(policy.name, index) != index:
            wrongs.append(
                Wrong(f"{shown(policy.name)} is there twice: names are unique", at=(index, policy.kind, "name"))
            )
    raise_if_any(wrongs)
    named, numbers = [], dict.fromkeys(KINDS, 1)
    for policy in policies:
        name = policy.name or policy.kind
        while not policy.name and name in taken:
            numbers[policy.kind] += 1
            name = f"{policy.kind}-{numbers[policy.kind]}"
        taken.setdefault(name, -1)
        named.append(policy.model_copy(update={"name": name}))
    return tuple(named)
