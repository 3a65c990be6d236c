"""The balancer as one process beside an app in any language: ``python -m fleetfoot.fleet.sidecar``; docs/sidecar.md."""

from .settings import SidecarSettings, settings_from
from .sidecar import Sidecar

__all__ = ["Sidecar", "SidecarSettings", "settings_from"]
