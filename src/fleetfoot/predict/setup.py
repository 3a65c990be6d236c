"""The policy ``forecast`` as written, as what makes and tells its forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fleetfoot.core.compile import DEFAULT_STARTUP
from fleetfoot.predict.models import KINDS, Kind
from fleetfoot.predict.outlook import Forecaster
from fleetfoot.predict.speaker import Speaker
from fleetfoot.spec import Service
from fleetfoot.spec.policies import ForecastPolicy
from fleetfoot.spec.zones import zone_named

REFRESH = 900  # s between two looks at the newest past


def policy_of(service: Service) -> ForecastPolicy | None:
    """The service's forecast, if it has one."""
    return next((policy for policy in service.policies if isinstance(policy, ForecastPolicy)), None)


def lead_of(policy: ForecastPolicy, service: Service) -> int:
    """s from an order until its task serves as declared, and the buffer."""
    startup = service.task.startup if service.task.startup is not None else DEFAULT_STARTUP
    return -(-(startup + policy.buffer) // 1000)


def horizon_of(policy: ForecastPolicy, lead: int) -> int:
    """s: that of the policy, and in any case as long as an outlook stays in use."""
    return max(policy.horizon // 1000, lead + 3 * 3600)


def forecaster_of(policy: ForecastPolicy, lead: int, kinds: Sequence[Kind] = KINDS) -> Forecaster:
    horizon = horizon_of(policy, lead)
    holidays = frozenset(date.fromordinal(day) for day in policy.holidays)
    return Forecaster(lead, horizon, zone_named(policy.zone), holidays, kinds)


def speaker_of(policy: ForecastPolicy, lead: int) -> Speaker:
    return Speaker(lead, policy.max_error)
