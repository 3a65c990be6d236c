"""A policy ``forecast`` as AWS's predictive scaling: its own forecast of CPU, by the hour, which never shrinks."""

from __future__ import annotations

from typing import Any

from fleetfoot.spec.policies.forecast import RAISE, SCALE, ForecastPolicy

LONGEST = 3_599  # s: AWS takes less than an hour ahead


def predictive(policy: ForecastPolicy) -> dict[str, Any]:
    """The configuration of the scaling policy."""
    found: dict[str, Any] = {
        "Mode": "ForecastAndScale" if policy.mode == SCALE else "ForecastOnly",
        "SchedulingBufferTime": min(policy.buffer // 1000, LONGEST),
        "MetricSpecifications": [
            {
                "TargetValue": round(100 * policy.utilisation, 6),
                "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
            }
        ],
    }
    if policy.on_breach == RAISE:
        return found | {
            "MaxCapacityBreachBehavior": "IncreaseMaxCapacity", "MaxCapacityBuffer": round(100 * policy.breach_buffer),
        }  # fmt: skip
    return found | {"MaxCapacityBreachBehavior": "HonorMaxCapacity"}


def why_not(policy: ForecastPolicy) -> str | None:
    """What of it AWS's forecast cannot do."""
    if policy.scale_in:
        return "AWS's forecast lets no task go"
    return "AWS's forecast knows no holidays" if policy.holidays else None
