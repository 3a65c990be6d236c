"""Log groups: each is kept for as many days as the file says, and goes with the stack."""

from __future__ import annotations

from typing import Self

from fleetfoot.provision.plan import Plan
from fleetfoot.provision.template import Skip, Tagged, Value

SKIP = Skip(
    "CKV_AWS_158", "CloudWatch encrypts logs with a key of its own; a customer key is a price and a policy more"
)


class LogGroup(Tagged, of="AWS::Logs::LogGroup", named="LogGroupName"):
    RetentionInDays: Value

    @classmethod
    def of(cls, plan: Plan, what: str) -> Self:
        name = plan.names.logs(what)
        return cls(called=name, RetentionInDays=plan.asks.logs, DeletionPolicy="Delete", skips=(SKIP,))
