"""What a template is made of: the service, the mode, and the names of everything."""

from __future__ import annotations

from dataclasses import dataclass

from fleetfoot.spec import Service
from fleetfoot.spec.provision import Provision

MODES = ("alarms", "native20", "controller")
ZONES = ("a", "b")
"""The two zones, as the names of subnets have them."""


@dataclass(frozen=True)
class Names:
    """The names of the lab table; ``app`` and ``workspace`` are what they begin with."""

    app: str
    workspace: str
    service: str
    cluster: str
    ecs: str
    """Of the service on ECS."""

    @property
    def task(self) -> str:
        """The task definition, its repository and its image."""
        return self.app if self.service == self.app else f"{self.app}-{self.service}"

    def scaling(self, what: str = "") -> str:
        """``my-app-autoscaling-alb``, ``-tg``, ``-lb-sg``, ``-policy``."""
        return f"{self.app}-autoscaling-{what}"

    def subnet(self, tier: str, number: int) -> str:
        """``my-workspace-subnet-app-public1-a``."""
        return f"{self.workspace}-subnet-app-{tier}1-{ZONES[number]}"

    def of(self, what: str) -> str:
        """Anything else of the service."""
        return f"{self.app}-{what}"

    def logs(self, what: str) -> str:
        return f"/fleetfoot/{self.app}/{what}"


@dataclass(frozen=True)
class Plan:
    """One service as one stack. ``monthly``: the budget in USD, or None.

    ``there``: cluster and service on ECS where they are there already; None: the template makes them.
    """

    service: Service
    mode: str
    monthly: float | None = None
    there: tuple[str, str] | None = None

    @property
    def asks(self) -> Provision:
        return self.service.provision

    @property
    def fine(self) -> bool:
        """Whether AWS's own metrics of the service must come every 20 s, which costs, and not every minute."""
        read = {signal for policy in self.service.policies for _, signal in policy.signals()}
        return self.mode == "controller" or bool(read & {"cpu", "memory"})

    @property
    def names(self) -> Names:
        app = self.asks.app or self.service.name
        cluster, ecs = self.there or (f"{app}-cluster", f"{app}-autoscaling-service")
        return Names(app, self.asks.workspace or app, self.service.name, cluster, ecs)

    @property
    def namespace(self) -> str:
        """Of the service's own metrics in CloudWatch."""
        return self.asks.namespace or f"Fleetfoot/{self.service.name}"

    @property
    def tags(self) -> dict[str, str]:
        """Of everything that is made, beside its name."""
        return {"fleetfoot:service": self.service.name}
