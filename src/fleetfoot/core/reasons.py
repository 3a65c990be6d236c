"""The closed list of reason codes.

Every code has a sentence in each language (``core/sentences.py``) and a paragraph in docs/reasons.md.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    # votes
    DEMAND = "demand"
    FORECAST = "forecast"
    RETURNS = "returns"
    AHEAD_ENOUGH = "ahead_enough"
    QUEUE = "queue"
    TRACKING = "tracking"
    STEP = "step"
    STEP_COOLDOWN = "step_cooldown"
    NOT_BREACHED = "not_breached"
    ANY_BREACHED = "any_breached"
    ALL_CLEAR = "all_clear"
    WITHIN_TOLERANCE = "within_tolerance"
    SATURATED = "saturated"
    SCHEDULED = "scheduled"
    SCHEDULED_RISE = "scheduled_rise"
    SCHEDULED_MAXIMUM = "scheduled_maximum"
    SCHEDULE_CLOSED = "schedule_closed"
    TOO_FEW_SAMPLES = "too_few_samples"
    SIGNAL_UNUSABLE = "signal_unusable"
    FALLBACK = "fallback"
    VETOES = "vetoes"
    ADVISES = "advises"
    # how the votes were put together
    NO_WANT = "no_want"
    BLIND_HOLDS_SHRINK = "blind_holds_shrink"
    ENOUGH = "enough"
    STARTING = "starting"
    OPERATOR_SCALE = "operator_scale"
    OPERATOR_PAUSE = "operator_pause"
    # guards, in their order
    LAUNCHES_SLOWED = "launches_slowed"
    LAUNCHES_FAILING = "launches_failing"
    CAPACITY_DOES_NOT_HELP = "capacity_does_not_help"
    INCIDENT_HOLD = "incident_hold"
    INCIDENT_RELEASE = "incident_release"
    COVERAGE_LOW = "coverage_low"
    WINDOWS_FILLING = "windows_filling"
    DEPLOYING = "deploying"
    WOULD_FLAP = "would_flap"
    UNPROVEN = "unproven"
    STABILISING = "stabilising"
    RECENT_SURGE = "recent_surge"
    COOLDOWN = "cooldown"
    RATE_OF_CHANGE = "rate_of_change"
    POOL_FIRST = "pool_first"
    CONNECTIONS_PACED = "connections_paced"
    CONNECTIONS = "connections"
    REPLICA_WANTED = "replica_wanted"
    GRANT = "grant"
    LAUNCH_RATE = "launch_rate"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    NEEDED_NOW = "needed_now"
    # the warm pool
    WARM_RISE = "warm_rise"
    WARM_FADING = "warm_fading"
    WARM_MINIMUM = "warm_minimum"
    WARM_MAXIMUM = "warm_maximum"
    WARM_NO_ROOM = "warm_no_room"
    WARM_UNKNOWN = "warm_unknown"
