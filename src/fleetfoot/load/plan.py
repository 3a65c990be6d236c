"""What a run of load is: from the words of a command line, or of a JSON document, to values."""

from __future__ import annotations

import ipaddress
import math
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fleetfoot.load.client import Address
from fleetfoot.load.verdict import Objective, parse_objective
from fleetfoot.traffic import parse, shapes
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.trace import load_trace
from fleetfoot.traffic.words import Change

DEFAULT_SECONDS = 60.0  # of an endless shape when no duration is given
MOST_REQUESTS = 1e9  # of a run: more is a slip of the pen
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_REPEAT = {"host", "content-length", "transfer-encoding", "connection"}  # ours to say


class PlanErrors(ValueError):
    """Everything wrong with the words given. ``errors``: one sentence each."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = list(errors)


@dataclass(frozen=True)
class Options(Change):
    """The words as given; all text, so that they travel as JSON. Defaults are the command line's."""

    url: str = ""
    rate: str | None = None
    stages: str | None = None
    shape: str | None = None
    trace: str | None = None
    poisson: bool = False
    seed: int = 1
    method: str = "GET"
    headers: tuple[str, ...] = ()
    body: str | None = None  # text, or @file
    timeout: str = "10s"
    objective: str = "p95=1s"
    errors: str = "1%"
    max_in_flight: int = 4096
    foreign: bool = False  # --i-own-this-host

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Options:
        """Raises PlanErrors for a key that does not exist."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise PlanErrors([f"unknown option {', '.join(unknown)}; there are {', '.join(sorted(known))}"])
        given = {field.name: _typed(field, data[field.name]) for field in fields(cls) if field.name in data}
        return cls(**given)


def _typed(field: Field[Any], value: Any) -> Any:
    """``value`` as the field wants it: a number may stand for its text, a list for a tuple."""
    kind = str(field.type)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is None and "None" in kind:
        return None
    if kind.startswith("tuple") and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if kind.startswith("str") and (number or isinstance(value, str)):
        return str(value)
    if (kind == "bool" and isinstance(value, bool)) or (kind == "int" and type(value) is int):
        return value
    if kind == "float" and number:
        return float(value)
    raise PlanErrors([f"the option {field.name} must be {kind}, not {value!r}"])


@dataclass(frozen=True)
class Plan:
    """A run that can start. ``shape`` ends; ``seed`` None means evenly paced."""

    url: str
    address: Address
    request: bytes
    shape: Shape
    seed: int | None
    timeout: float  # seconds
    objective: Objective
    max_in_flight: int

    @property
    def head(self) -> bool:
        return self.request.startswith(b"HEAD ")


def make_plan(options: Options) -> Plan:
    """Check the words, all of them, and look the host up. Raises PlanErrors."""
    errors: list[str] = []

    def tried(make: Any, *args: Any) -> Any:
        try:
            return make(*args)
        except ValueError as error:  # TraceErrors and PlanErrors are such
            errors.append(str(error))

    shape = tried(_shape, options)
    address = tried(_address, options.url, options.foreign)
    request = tried(_request, options)
    timeout = tried(parse.seconds, options.timeout)
    objective = tried(parse_objective, options.objective, options.errors)
    if timeout is not None and timeout <= 0:
        errors.append("the time-out must be over 0 s")
    if options.max_in_flight < 1:
        errors.append(f"max in flight must be 1 or more, not {options.max_in_flight}")
    if errors:
        raise PlanErrors(list(dict.fromkeys(errors)))
    seed = options.seed if options.poisson else None
    return Plan(options.url, address, request, shape, seed, timeout, objective, options.max_in_flight)


def _shape(options: Options) -> Shape:
    named = {"rate": options.rate, "stages": options.stages, "shape": options.shape, "trace": options.trace}
    given = [name for name, value in named.items() if value is not None]
    if len(given) != 1:
        what = f"not {' and '.join(given)} together" if given else "such as --rate 200 --for 60s"
        raise ValueError(f"say the traffic in one way: rate, stages, shape or trace, {what}")
    if options.trace is None and (options.start or options.end or options.fill or options.repeat != 1 or options.peak):
        raise ValueError("peak, from, to, repeat and fill belong to a trace")
    if options.peak is not None and options.scale != 1:
        raise ValueError("scale and peak both set the height; give one of them")
    if options.trace is None and options.speed != 1:
        raise ValueError("speed belongs to a trace")
    length = None if options.length is None else parse.seconds(options.length)
    shape: Shape
    if options.rate is not None:
        shape = shapes.steady(parse.rate(options.rate))
    elif options.stages is not None:
        shape = parse.stages(options.stages)
    elif options.shape is not None:
        shape = parse.shape(options.shape)
    else:
        shape = _trace(options)
    shape = parse.finite(shape, length, DEFAULT_SECONDS)
    if options.scale != 1:
        if not (math.isfinite(options.scale) and options.scale > 0):
            raise ValueError(f"scale must be over 0, not {options.scale:g}")
        shape *= options.scale
    requests = shape.total(shape.duration)
    if requests < 0.5:
        raise ValueError("this traffic has no request in it; raise the rate, the scale or the duration")
    if not requests <= MOST_REQUESTS:
        raise ValueError(f"this traffic has {requests:.3g} requests in it, {MOST_REQUESTS:.3g} are the most; lower it")
    return shape


def _trace(options: Options) -> Shape:
    return load_trace(
        options.trace or "",
        speed=options.speed,
        peak=None if options.peak is None else parse.rate(options.peak),
        start=options.start,
        end=options.end,
        repeat=options.repeat,
        fill="line" if options.fill else None,
    )


def _address(url: str, foreign: bool) -> Address:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme != "http":
        raise ValueError(f"{url!r}: only http:// is spoken; put load on the balancer, behind its TLS")
    if not parts.hostname:
        raise ValueError(f"{url!r} has no host; write it like http://127.0.0.1:8080/")
    if parts.username is not None or parts.password is not None:
        raise ValueError("user and password in a URL are not sent; use a header (-H 'Authorization: ...')")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except ValueError:
        raise ValueError(f"{url!r} has no valid port") from None
    except (OSError, UnicodeError):
        raise ValueError(f"the host {parts.hostname!r} is not known") from None
    hosts = [(str(entry[4][0]), int(entry[4][1])) for entry in found]
    if not foreign and not all(ipaddress.ip_address(host.split("%")[0]).is_loopback for host, _ in hosts):
        raise ValueError(
            f"{parts.hostname} is not this machine. An open-loop generator does not slow down when the other side "
            "suffers, so to anyone else's service it is an attack; add --i-own-this-host when the service is yours"
        )
    return Address(*_listening(hosts))


def _listening(hosts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """The first of a host's addresses that accepts a connection (localhost is often two)."""
    why = ""
    for host, port in hosts:
        try:
            socket.create_connection((host, port), timeout=2).close()
        except OSError as error:
            why = why or (error.strerror or str(error)).lower()
        else:
            return host, port
    host, port = hosts[0]
    raise ValueError(f"nothing answers at {host} port {port}: {why}")


def _request(options: Options) -> bytes:
    """The bytes of the request, the same for every one."""
    parts = urlsplit(options.url if "//" in options.url else f"http://{options.url}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    method = options.method.upper()
    if not _TOKEN.fullmatch(method) or method == "CONNECT":
        raise ValueError(f"{options.method!r} is not a method to send")
    if not path.isascii() or re.search(r"[\x00-\x20\x7f]", path):
        raise ValueError(f"the path {path!r} must be percent-encoded")
    body = _body(options.body)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [_header(header) for header in options.headers]
    names = {line.split(":")[0].lower() for line in lines[1:]}
    if "user-agent" not in names:
        lines.append("User-Agent: fleetfoot-load")
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _header(header: str) -> str:
    name, colon, value = header.partition(":")
    value = value.strip()
    if not colon or not _TOKEN.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]", value):
        raise ValueError(f"{header!r} is not a header; write it like 'Accept: text/html'")
    if name.lower() in _NO_REPEAT:
        raise ValueError(f"the header {name} is set by the generator")
    return f"{name}: {value}"


def _body(text: str | None) -> bytes:
    if text is None:
        return b""
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read the body {text[1:]}: {error.strerror or error}") from None
