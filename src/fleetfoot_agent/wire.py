"""The push format of docs/push.md: one value, its JSON, and the checks of whoever receives it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from fleetfoot_agent.histogram import Histogram
from fleetfoot_agent.recorder import MAX_COUNT, MAX_SERIES, Counts, good_name

VERSION = 1
MAX_BODY = 64 * 1024  # bytes
_MAX_NAME = 128
_STATUS = frozenset({"none", "1xx", "2xx", "3xx", "4xx", "5xx", "answered"})
_INCARNATION = re.compile(r"[0-9a-f]{8,64}", re.ASCII)


class WireError(ValueError):
    """The bytes are not a push; the text names the field."""


class Push(NamedTuple):
    """One push. Times in ms since the incarnation began; counts are cumulative."""

    service: str
    task: str
    revision: str
    incarnation: str
    sequence: int
    start: int  # "from" on the wire
    end: int  # "to"
    length: float
    requests: int
    errors: int
    status: Mapping[str, int]
    latency: Histogram
    in_flight: int
    in_flight_max: int
    queue: int | None = None
    gauges: Mapping[str, float] = {}
    counts: Mapping[str, int] = {}
    final: bool = False

    @property
    def ended(self) -> int:
        """How many requests have ended."""
        return sum(self.status.values())


def push_of(counts: Counts, who: tuple[str, str, str], sequence: int, final: bool = False) -> Push:
    """The push of what a recorder took; ``who`` = service, task, revision."""
    start = int(counts.start)
    return Push(
        *who,
        incarnation=counts.incarnation,
        sequence=sequence,
        start=start,
        end=max(int(counts.end), start + 1),
        length=max(round(counts.end - counts.start, 3), 0.001),
        requests=counts.requests,
        errors=counts.errors,
        status=counts.status,
        latency=counts.latency,
        in_flight=counts.in_flight,
        in_flight_max=counts.in_flight_max,
        queue=counts.queue,
        gauges=counts.gauges,
        counts=counts.counts,
        final=final,
    )


def encode(push: Push) -> bytes:
    """The push as JSON."""
    data: dict[str, Any] = {"v": VERSION}
    for field, value in zip(push._fields, push, strict=True):
        if value is None or (field in ("gauges", "counts", "final") and not value):
            continue
        data[_WIRE.get(field, field)] = value.to_json() if isinstance(value, Histogram) else value
    return json.dumps(data, separators=(",", ":")).encode()


_WIRE = {"start": "from", "end": "to"}


def decode(body: bytes) -> Push:
    """The push in ``body``. Raises WireError: too long, not JSON, or a field that is wrong."""
    if len(body) > MAX_BODY:
        raise WireError(f"the push has {len(body)} bytes; at most {MAX_BODY} are allowed")
    try:
        data = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise WireError("the push is not JSON") from None
    if not isinstance(data, dict):
        raise WireError("the push is not a JSON object")
    if data.get("v") != VERSION:
        raise WireError(f"v is {_show(data.get('v'))}; this receiver reads {VERSION}")
    start, end, length = _count(data, "from"), _count(data, "to"), _number(data, "length")
    if end <= start or length <= 0 or abs(length - (end - start)) > 2:
        raise WireError("from, to and length do not describe one interval")
    sequence = _count(data, "sequence")
    if not sequence:
        raise WireError("sequence is 0; it begins at 1")
    return Push(
        service=_text(data, "service"),
        task=_text(data, "task"),
        revision=_text(data, "revision", empty=True),
        incarnation=_incarnation(data),
        sequence=sequence,
        start=start,
        end=end,
        length=length,
        requests=_count(data, "requests"),
        errors=_count(data, "errors"),
        status=_status(data),
        latency=_latency(data),
        in_flight=_count(data, "in_flight"),
        in_flight_max=_count(data, "in_flight_max"),
        queue=None if data.get("queue") is None else _count(data, "queue"),
        gauges={name: _number(series, name) for series in [_series(data, "gauges")] for name in series},
        counts={name: _count(series, name) for series in [_series(data, "counts")] for name in series},
        final=data.get("final") is True,
    )


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _count(data: Mapping[str, Any], key: str) -> int:
    value = data.get(key)
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        raise WireError(f"{key} is {_show(value)}; a whole number from 0 to 2^53 is needed")
    return value


def _number(data: Mapping[str, Any], key: str) -> float:
    value: Any = data.get(key)
    if type(value) not in (int, float) or not abs(value) < 1e300 or not isfinite(value):
        raise WireError(f"{key} is {_show(value)}; a finite number is needed")
    return float(value)


def _text(data: Mapping[str, Any], key: str, empty: bool = False) -> str:
    value = data.get(key, "" if empty else None)
    if not isinstance(value, str) or len(value) > _MAX_NAME or not (value or empty) or not value.isprintable():
        raise WireError(f"{key} is {_show(value)}; up to {_MAX_NAME} printable characters are needed")
    return value


def _incarnation(data: Mapping[str, Any]) -> str:
    value = data.get("incarnation")
    if not isinstance(value, str) or not _INCARNATION.fullmatch(value):
        raise WireError(f"incarnation is {_show(value)}; 8 to 64 hex digits are needed")
    return value


def _object(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise WireError(f"{key} is {_show(value)}; an object is needed")
    return value


def _status(data: Mapping[str, Any]) -> dict[str, int]:
    status = _object(data, "status")
    unknown = sorted(set(status) - _STATUS)
    if unknown:
        raise WireError(f"status has {_show(unknown[0])}; its classes are none, 1xx, 2xx, 3xx, 4xx, 5xx and answered")
    return {name: _count(status, name) for name in status}


def _latency(data: Mapping[str, Any]) -> Histogram:
    sparse = _object(data, "latency")
    for index in sparse:
        _count(sparse, index)
    try:
        return Histogram.from_json(sparse)
    except ValueError as error:
        raise WireError(str(error)) from None


def _series(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    series = _object(data, key)
    if len(series) > MAX_SERIES:
        raise WireError(f"{key} has {len(series)} names; at most {MAX_SERIES} are allowed")
    for name in series:
        if not good_name(name):
            raise WireError(f"{key} has the name {_show(name)}; a letter and up to 63 letters, digits or _ are needed")
    return series
