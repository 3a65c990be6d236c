"""One file a policy; the table below is the whole list. The keyword is what fleetfoot.yaml calls it."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.policies.adaptive import Adaptive
from fleetfoot.core.policies.backlog import Backlog
from fleetfoot.core.policies.composite import Composite
from fleetfoot.core.policies.default import Default
from fleetfoot.core.policies.forecast import Forecast
from fleetfoot.core.policies.graded import Graded
from fleetfoot.core.policies.hpa import Hpa
from fleetfoot.core.policies.schedule import Schedule
from fleetfoot.core.policies.slo import Slo
from fleetfoot.core.policies.step import Step
from fleetfoot.core.policies.target import Target
from fleetfoot.core.policies.thresholds import Thresholds

__all__ = [
    "POLICIES",
    "Adaptive",
    "Backlog",
    "Composite",
    "Default",
    "Forecast",
    "Graded",
    "Hpa",
    "Schedule",
    "Slo",
    "Step",
    "Target",
    "Thresholds",
]

POLICIES: dict[str, type[Any]] = {
    "default": Default,
    "slo": Slo,
    "step": Step,
    "target": Target,
    "thresholds": Thresholds,
    "hpa": Hpa,
    "schedule": Schedule,
    "backlog": Backlog,
    "forecast": Forecast,
    "composite": Composite,
    "adaptive": Adaptive,
    "graded": Graded,
}
