"""A plain WSGI app that counts its own requests, on the standard library alone. From this folder: fleetfoot up."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

import fleetfoot_agent
from fleetfoot_agent import agent


def shop(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    status, answer = "200 OK", {"pid": os.getpid()}
    if environ["PATH_INFO"] == "/orders":
        agent.count("orders")  # the signal app.orders, per second
        status = "201 Created"
    elif environ["PATH_INFO"] == "/broken":
        raise RuntimeError("counted as an error")
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


app = fleetfoot_agent.install(shop)

if __name__ == "__main__":
    with make_server("127.0.0.1", int(os.environ["PORT"]), app, server_class=Server) as server:
        server.serve_forever()
