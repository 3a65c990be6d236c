"""``objective``: what the service promises its users."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.forms import NumberForm
from fleetfoot.spec.part import Part, Sugar
from fleetfoot.spec.units import DurationForm, ShareForm

LATENCY = DurationForm(low=1, high=3_600_000)


class Objective(Part):
    """The promise: a percentile of the requests is answered within a time, and few fail."""

    hidden: ClassVar[frozenset[str]] = frozenset({"percentile", "latency"})
    sugar: ClassVar[dict[str, Sugar]] = {
        "p95": Sugar(
            "a duration: 500ms or 1s",
            "1s",
            "The latency that this percentile of the requests must stay within; any percentile from p50 to p99.9. "
            "Default p95: 1s, because people feel a second and one slow request in twenty is already a bad day.",
        )
    }
    shape_rules: ClassVar[dict[str, Any]] = {"patternProperties": {r"^p(50|[5-9][0-9])(\.[0-9])?$": LATENCY.schema()}}
    example: ClassVar[str] = "{p95: 1s, errors: 1%}"

    percentile: Annotated[float, NumberForm(low=0.5, high=0.999)] = 0.95
    """The share of requests, 0.5 to 0.999, that must be within ``latency``."""
    latency: Annotated[int, LATENCY] = 1000
    """The latency of that percentile, ms."""
    errors: Annotated[float, ShareForm(low=0, high=0.5)] = 0.01
    """The largest share of requests that may fail. Default 1%: below it, single failures are noise."""

    @classmethod
    def known(cls, key: str) -> bool:
        return super().known(key) or re.fullmatch(r"p[0-9.]+", key) is not None

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        found = [key for key in data if re.fullmatch(r"p[0-9.]+", key)]
        again = f"one percentile only: '{found[0]}' is there already" if found else ""
        raise_if_any([Wrong(again, at=(key,), on_key=True) for key in found[1:]])
        for key in found:
            digits = re.fullmatch(r"p([0-9]{2}(?:\.[0-9])?)", key)
            if digits is None or not 50 <= float(digits[1]) <= 99.9:
                message = f"'{key}' is no percentile from p50 to p99.9: write p95: 1s"
                raise Wrong(message, at=(key,), on_key=True)
            try:
                data["latency"] = LATENCY.read(data.pop(key))
            except Wrong as wrong:
                raise wrong.under(key) from None
            data["percentile"] = round(float(digits[1]) / 100, 4)
        return data
