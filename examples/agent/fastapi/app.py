"""A FastAPI app that counts its own requests. From this folder: fleetfoot up."""

from __future__ import annotations

import os

from fastapi import FastAPI, Response

import fleetfoot_agent
from fleetfoot_agent import agent

api = FastAPI()


@api.get("/")
async def hello() -> dict[str, int]:
    return {"pid": os.getpid()}


@api.post("/orders", status_code=201)
async def order() -> dict[str, str]:
    agent.count("orders")  # the signal app.orders, per second
    return {"state": "accepted"}


@api.get("/broken")
def broken(response: Response) -> dict[str, str]:  # not async: runs in a thread of the pool
    response.status_code = 500
    return {"state": "counted as an error"}


app = fleetfoot_agent.install(api)
