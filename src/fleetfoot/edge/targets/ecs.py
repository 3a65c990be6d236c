"""Services on ECS: an order is UpdateService with an absolute count, and nothing else of the service is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fleetfoot.core.model import Fleet, Receipt, State
from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.services import EcsName, Services, fleet_of
from fleetfoot.edge.targets.refusing import undoes, why_not

NO_POOL = "ECS keeps no task warm beside the serving ones: raise capacity.min, a started task costs the same"


class EcsTarget:
    """The count is read again before every order, so that the same order twice is one call, and no order takes away
    what somebody else has added since it was decided."""

    name = "ecs"

    def __init__(self, services: Services, names: Mapping[str, EcsName], now: Callable[[], int]) -> None:
        """``names``: what the services of the file are called on ECS."""
        self._services, self._names, self._now = services, names, now

    async def order(self, service: str, count: int, order_id: str, deadline_ms: int, before: int) -> Receipt:
        error = await why_not(self._set(service, count, before), deadline_ms, "ECS")
        return Receipt(order_id, service, count, not error, self._now(), error)

    async def _set(self, service: str, count: int, before: int) -> None:
        name = self._names.get(service)
        if name is None:
            raise AwsError(f"there is no service {service!r}")
        if count < 0:
            raise AwsError(f"{count} tasks cannot be")
        raw = (await self._services.fresh(name)).raw
        if raw.get("status", "ACTIVE") != "ACTIVE":
            raise AwsError(f"the ECS service {name.service} is {raw['status']}: it takes no order")
        present = int(raw["desiredCount"])
        if why := undoes(count, before, present):
            raise AwsError(why)
        if present != count:
            await self._services.aws.call(
                "ecs", "UpdateService", cluster=name.cluster, service=name.service, desiredCount=count
            )

    async def keep_warm(self, service: str, count: int, deadline_ms: int) -> str:  # noqa: ARG002
        return NO_POOL if count else ""

    async def observe(self, service: str) -> Fleet:
        name = self._names.get(service)
        try:
            if name is not None:
                return fleet_of(await self._services.fresh(name))
        except AwsError:
            pass  # not seen, and that is all the caller needs to know
        return Fleet(self._now(), 0, state=State.MISSING)

    async def close(self) -> None:
        self._services.aws.close()
