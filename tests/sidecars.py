"""A sidecar as a process, and an app in this process that does as told."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support import wait_until

ROOT = Path(__file__).parents[1]
STATUS = {"/": 200, "/missing": 404, "/broken": 500, "/wait": 200}


class App:
    """Listens from ``start`` on; ``/wait`` answers once ``go`` is set, ``/ready`` as ``ready`` says."""

    def __init__(self) -> None:
        self.ready, self.go, self.got = True, threading.Event(), 0
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                app.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.server_bind()
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def start(self) -> None:
        self.server.server_activate()
        self.thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/ready":
            status = 200 if self.ready else 503
        else:
            self.got += 1
            status = STATUS[handler.path]
        if handler.path == "/wait":
            self.go.wait(60)
        with suppress(BrokenPipeError):  # a sidecar that was told to end does not wait for the answer
            handler.send_response(status)
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"ok")

    def close(self) -> None:
        self.go.set()
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join(30)
        self.server.server_close()


class Sidecar:
    """The process, its two ports and what it said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "health on" in line, line + process.stderr.read()
        words = line.split()
        self.port, self.health_port = int(words[1].rpartition(":")[2]), int(words[-1].rpartition(":")[2])

    def get(self, path: str = "/") -> tuple[int, Mapping[str, str]]:
        status, headers, _ = ask(self.port, path)
        return status, headers

    def health(self) -> tuple[int, dict[str, Any]]:
        status, _, body = ask(self.health_port, "/-/health")
        return status, json.loads(body)

    def wait(self, state: str) -> None:
        wait_until(lambda: self.health()[1]["state"] == state, what=f"the sidecar to be {state}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def ask(port: int, path: str) -> tuple[int, Mapping[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


@contextmanager
def sidecar(app_port: int, environ: Mapping[str, str] | None = None, **settings: str) -> Iterator[Sidecar]:
    """``settings`` without the prefix: ``concurrency="1"`` is SIDECAR_CONCURRENCY."""
    told = {
        "PYTHONPATH": str(ROOT / "src"),
        "SIDECAR_APP_PORT": str(app_port),
        "SIDECAR_LISTEN": "127.0.0.1:0",
        "SIDECAR_HEALTH_LISTEN": "127.0.0.1:0",
        "SIDECAR_READINESS_PATH": "/ready",  # does not count in App.got
        **(environ or {}),
        **{f"SIDECAR_{name.upper()}": text for name, text in settings.items()},
    }
    with subprocess.Popen(
        [sys.executable, "-m", "fleetfoot.fleet.sidecar"],
        env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield Sidecar(process)
        finally:
            process.kill()
