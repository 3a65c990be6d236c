"""A Flask app that counts its own requests. From this folder: fleetfoot up."""

from __future__ import annotations

import os

from flask import Flask

import fleetfoot_agent
from fleetfoot_agent import agent

app = Flask(__name__)
carts: set[str] = set()


@app.get("/")
def hello() -> dict[str, int]:
    return {"pid": os.getpid()}


@app.post("/orders")
def order() -> tuple[dict[str, str], int]:
    agent.count("orders")  # the signal app.orders, per second
    return {"state": "accepted"}, 201


@app.get("/broken")
def broken() -> str:
    raise RuntimeError("counted as an error")


agent.gauge("carts_in_use", lambda: len(carts))  # asked once a second
app.wsgi_app = fleetfoot_agent.install(app.wsgi_app, eager=False)  # type: ignore[method-assign]
