"""Log groups: each is kept for as many days as the file says, and goes with the stack."""

from __future__ import annotations

from typing import Self

from fleetfoot.provision.plan import Plan
from fleetfoot.provision.template import Resource, Skip, Value

SKIP = Skip(
    "CKV_AWS_158", "CloudWatch encrypts logs with a key of its own; a customer key is a price and a policy more"
)


class LogGroup(Resource, of="AWS::Logs::LogGroup"):
    LogGroupName: Value
    RetentionInDays: Value
    Tags: Value = None

    @classmethod
    def of(cls, plan: Plan, what: str) -> Self:
        name = plan.names.logs(what)
        return cls(
            LogGroupName=name, RetentionInDays=plan.asks.logs, Tags=plan.tagged(name), DeletionPolicy="Delete",
            skips=(SKIP,),
        )  # fmt: skip
