"""What a user may set on a balancer. Times in ms, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class BalancerSettings:
    """One service's balancer. The defaults are those of the spec."""

    queue: int = 1000  # requests that may wait for a task; the next one gets 503 + Retry-After
    queue_timeout_ms: int = 10_000  # a request that waited this long gets 503 and counts as timed out
    shed: Literal["off", "objective"] = "off"  # "objective": refuse at once what would wait past the objective
    request_timeout_ms: int = 30_000  # a task that has a request and is silent for so long: 504, or cut in mid-response
    header_timeout_ms: int = 10_000  # first byte of a request -> its head is complete, else 408
    idle_timeout_ms: int = 60_000  # a client that sends no next request, no more of its body (408), or takes no more
    # Bytes/s that a client must bring of its body over body_pace_ms (408), and take of its answer over idle_timeout_ms
    # (cut off); 0: no limit. 500 over 20 s is what Apache's mod_reqtimeout asks of bodies.
    min_rate: int = 500
    body_pace_ms: int = 20_000
    max_header: int = 65_536  # request line + headers together, else 431
    max_body: int | None = None  # request body, else 413; None: no limit
    # Classes of requests, the most important first: name, and of path, header, equals, contains those that are set. One
    # is named "other" and takes the rest. Empty: all requests are alike.
    classes: Sequence[Mapping[str, str | None]] = ()
    retry_after: int = 1  # seconds, the Retry-After of every 503
    kind: Literal["embedded", "haproxy"] = "embedded"  # which balancer; see fleet/balancers.py
