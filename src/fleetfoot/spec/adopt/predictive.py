"""AWS's predictive scaling -> the policy ``forecast``."""

from __future__ import annotations

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.adopt.draft import Draft, flow, quoted, seconds
from fleetfoot.spec.forms import plain

BUFFER = 300  # s: SchedulingBufferTime where nobody says


def predictive(policy: At, name: str, draft: Draft) -> list[str]:
    """One policy; its capacity comes from the rate of requests, whatever AWS's is from."""
    config = policy.of("PredictiveScalingPolicyConfiguration")
    keys: list[tuple[str, object]] = [("name", quoted(name))]
    if config.text("Mode", "ForecastOnly") == "ForecastAndScale":
        keys.append(("mode", "forecast and scale"))
    keys.append(("buffer", seconds(config.number("SchedulingBufferTime", BUFFER))))
    if config.text("MaxCapacityBreachBehavior", "HonorMaxCapacity") == "IncreaseMaxCapacity":
        keys += [("on breach", "raise"), ("breach buffer", f"{plain(config.number('MaxCapacityBuffer', 0))}%")]
    for spec in config.all("MetricSpecifications")[:1]:
        target, text = spec.number("TargetValue"), str(spec.node)
        if "CPU" in text and 5 <= target <= 100:
            keys.append(("utilisation", f"{plain(target)}%"))
        spec.skip(*spec.node)
    draft.note(
        policy.place,
        f"{name}: a forecast here is of requests a second, from the service's own journal or a file, and asks for "
        "task.throughput; AWS's is of the load metric it names, by the hour",
    )
    return [f"- forecast: {flow(keys)}"]
