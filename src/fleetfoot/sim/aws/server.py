"""The simulated AWS over HTTP, on 127.0.0.1: AWS's JSON and query protocols, its throttling, and errors to order.

Requests must be signed, with whatever key: a client that forgot its credentials is refused here too.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fleetfoot.sim.aws.call import Refusal
from fleetfoot.sim.aws.calls import CALLS
from fleetfoot.sim.aws.query import answer_of, refusal_of, request_of
from fleetfoot.sim.aws.stack_calls import CLOUDFORMATION
from fleetfoot.sim.aws.world import Allowance, World

ADVANCE = "/_sim/advance"  # POST {"seconds": 60}
JSON, XML, FORM = "application/x-amz-json-1.1", "text/xml", "application/x-www-form-urlencoded"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a controller's threads come all at once


@dataclass
class Order:
    """An error to order: the next ``times`` calls end so, after ``silent`` s."""

    refusal: Refusal | None
    times: int
    silent: float = 0.0


@dataclass
class SimulatedAws:
    """Serves one world. A context manager; ``url`` is the endpoint."""

    world: World
    port: int = 0
    counts: Counter[str] = field(default_factory=Counter)  # calls by name, those that were refused included

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}
        self._limits = {call.bucket or name: Allowance(*call.limit) for name, call in CALLS.items()}
        self._server = _Server(("127.0.0.1", self.port), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulated AWS", daemon=True
        )
        self._stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> SimulatedAws:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, call: str, code: str, message: str = "", *, times: int = 1_000_000, status: int = 400) -> None:
        """Let the next ``times`` calls of the name ``call``, such as UpdateService, end with an error."""
        self._orders[call] = Order(Refusal(code, message, status), times)

    def hang(self, call: str, seconds: float) -> None:
        """Let every call of the name ``call`` wait before it is answered."""
        self._orders[call] = Order(None, 1_000_000, seconds)

    def mend(self) -> None:
        """No more errors to order."""
        self._orders.clear()

    def answer(self, target: str, signed: bool, request: Mapping[str, Any]) -> dict[str, Any]:
        """Raises Refusal."""
        name = target.rpartition(".")[2]
        self._wait(name)
        if not signed:
            raise Refusal("MissingAuthenticationTokenException", "Request is missing Authentication Token")
        call = CALLS.get(target)
        if call is None:
            known = ", ".join(sorted(one.rpartition(".")[2] for one in CALLS))
            raise Refusal("UnknownOperationException", f"the simulated AWS has no {target or 'such call'}: {known}")
        if other := request.keys() - {*call.needs, *call.may}:
            read = ", ".join((*call.needs, *call.may))
            raise Refusal("ValidationException", f"the simulated {name} reads no {min(other)}: it reads {read}")
        if missing := set(call.needs) - request.keys():
            raise Refusal("ValidationException", f"{name} needs {min(missing)}")
        with self._lock:
            if not self._limits[call.bucket or target].take(self.world.clock.now()):
                raise Refusal("ThrottlingException", "Rate exceeded")
            return call.answer(self.world, request)

    def _wait(self, name: str) -> None:
        """Count the call, and let it end as ordered. Raises Refusal."""
        with self._lock:
            self.counts[name] += 1
            order = self._orders.get(name)
            if order is None or not order.times:
                return
            order.times -= 1
        self._stopped.wait(order.silent)
        if order.refusal is not None:
            raise order.refusal

    def advance(self, body: bytes) -> dict[str, Any]:
        with self._lock:
            self.world.clock.advance(float(json.loads(body)["seconds"]))
            return {"now": self.world.settle()}


def _error(code: str, message: str) -> bytes:
    return json.dumps({"__type": code, "message": message}).encode()


def _handler(aws: SimulatedAws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target, signed = self.headers.get("X-Amz-Target", ""), "Authorization" in self.headers
            if not target and self.path != ADVANCE and self.headers.get("Content-Type", "").startswith(FORM):
                self._query(signed, body)
                return
            try:
                done = self.path == ADVANCE
                told = aws.advance(body) if done else aws.answer(target, signed, json.loads(body or b"{}"))
                self._say(200, JSON, json.dumps(told).encode())
            except Refusal as refusal:
                self._say(refusal.status, JSON, _error(refusal.code, refusal.message))
            except (ValueError, KeyError, TypeError, AttributeError) as failure:
                self._say(400, JSON, _error("SerializationException", repr(failure)))

        def _query(self, signed: bool, body: bytes) -> None:
            try:
                action, request = request_of(body)
                self._say(200, XML, answer_of(action, aws.answer(f"{CLOUDFORMATION}.{action}", signed, request)))
            except Refusal as refusal:
                self._say(refusal.status, XML, refusal_of(refusal.code, refusal.message))
            except (ValueError, KeyError, TypeError, AttributeError) as failure:
                self._say(400, XML, refusal_of("MalformedQueryString", repr(failure)))

        def _say(self, status: int, kind: str, body: bytes) -> None:
            with contextlib.suppress(ConnectionError):  # nobody waits any more
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - AWS's time, not ours
            return formatdate(aws.world.clock.now(), usegmt=True)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler
