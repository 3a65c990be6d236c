"""The controller's HTTP over its unix socket: status, a stream of it, and what people may order.

    GET  /api/v1/status
    GET  /api/v1/events                          server-sent events: the status after every step
    POST /api/v1/services/{name}/scale           {"count": 8, "for_ms": 1800000, "who": "ana", "reason": "launch"}
    POST /api/v1/services/{name}/pause|resume    {"growth": true, "shrink": false, "for_ms": 0, "who": "ana"}
    POST /api/v1/services/{name}/permit          {"for_ms": 7200000, "who": "ana", "reason": "launch"}
                                                 or {"until": 1732885200000, …}, a wall time in ms
    POST /api/v1/services/{name}/zone            {"zone": "b", "lost": true, "who": "ana"}
    POST /api/v1/services/{name}/update          {"settings": {…}, "force": false, "dry": false, "who": "ana"}

Only the owner of the socket's file can connect; there is no other check.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from fleetfoot.edge.base import OperatorAction
from fleetfoot.run.changes import Refused
from fleetfoot.run.status import status
from fleetfoot.run.wire import Live

MOST_BODY = 100_000
LONGEST_MS = 366 * 86_400_000
FORMS = {
    "scale": {"count", "for_ms", "who", "reason"},
    "pause": {"growth", "shrink", "for_ms", "who", "reason"},
    "permit": {"for_ms", "until", "who", "reason"},
    "resume": {"growth", "shrink", "who", "reason"},
    "zone": {"zone", "lost", "who", "reason"},
    "update": {"settings", "force", "dry", "who", "reason"},
}


def control_app(live: Live, stopping: asyncio.Event) -> Starlette:
    """The app. Streams end when ``stopping`` is set."""

    async def get_status(_: Request) -> Response:
        return JSONResponse(status(live))

    async def get_events(_: Request) -> Response:
        return StreamingResponse(_events(live, stopping), media_type="text/event-stream")

    async def operate(request: Request) -> Response:
        try:
            data = await _body(request)
            action = _action(live, request.path_params, data)
            if action.kind == "zone":
                return JSONResponse({"ok": True, **await _zone(live, action, data)})
            if action.kind == "update":
                return JSONResponse({"ok": True, **await _update(live, action, data)})
            await live.operate(action)
        except Refused as refused:
            raise HTTPException(422, str(refused)) from refused
        return JSONResponse({"ok": True, "until": action.until, "now": action.now, "wall": action.wall})

    return Starlette(
        routes=[
            Route("/api/v1/status", get_status),
            Route("/api/v1/events", get_events),
            Route("/api/v1/services/{name}/{kind}", operate, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _told},
    )


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"ok": False, "error": error.detail}, status_code=error.status_code)


async def _events(live: Live, stopping: asyncio.Event) -> AsyncIterator[str]:
    end = asyncio.ensure_future(stopping.wait())
    try:
        while not stopping.is_set():
            yield f"data: {json.dumps(status(live))}\n\n"
            step = asyncio.ensure_future(live.loop.stepped.wait())
            await asyncio.wait({step, end}, return_when=asyncio.FIRST_COMPLETED)
            step.cancel()
    finally:
        end.cancel()


async def _body(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY:
            raise Refused(f"the body has more than {MOST_BODY} bytes")
    try:
        data = json.loads(body or b"{}")
    except ValueError as failure:
        raise Refused(f"the body is not JSON: {failure}") from failure
    if not isinstance(data, dict):
        raise Refused("the body is not a JSON object")
    return data


def _action(live: Live, path: dict[str, Any], data: dict[str, Any]) -> OperatorAction:
    kind = path["kind"]
    if kind not in FORMS:
        raise HTTPException(404, f"there is no {kind!r}: there are {', '.join(FORMS)}")
    unknown = sorted(set(data) - FORMS[kind])
    if unknown:
        raise Refused(f"unknown: {', '.join(unknown)}; {kind} takes {', '.join(sorted(FORMS[kind]))}")
    count = data.get("count")
    if kind == "scale" and (not isinstance(count, int) or isinstance(count, bool)):
        raise Refused(f"count must be a whole number, not {count!r}")
    now, wall = live.clock.now(), live.clock.wall()
    length = data["until"] - wall if isinstance(data.get("until"), int) else data.get("for_ms") or 0
    if not isinstance(length, int) or not 0 <= length <= LONGEST_MS:
        raise Refused(f"for_ms must be 0 to {LONGEST_MS}, not {length!r}")
    if kind == "permit" and not length:
        raise Refused("a permit ends: for_ms must be more than 0")
    if kind == "permit" and live.spec.budget is None:
        raise Refused("there is no budget to overrun: fleetfoot.yaml has none")
    return OperatorAction(
        service=path["name"],
        kind=kind,
        who=str(data.get("who") or "someone")[:200],
        now=now,
        wall=wall,
        count=count,
        growth=bool(data.get("growth", False)),
        shrink=bool(data.get("shrink", False)),
        until=now + length if length else 0,
        reason=str(data.get("reason") or "")[:1000],
    )


async def _zone(live: Live, action: OperatorAction, data: dict[str, Any]) -> Mapping[str, Any]:
    zone, lost = data.get("zone"), data.get("lost")
    if not isinstance(zone, str) or not isinstance(lost, bool):
        raise Refused("zone must be the name of a zone, and lost true or false")
    why = f": {action.reason}" if action.reason else ""
    recorded = replace(action, kind="zone lost" if lost else "zone back", reason=f"{zone}{why}")
    return await live.changes.zone(recorded, zone, lost)


async def _update(live: Live, action: OperatorAction, data: dict[str, Any]) -> Mapping[str, Any]:
    settings = data.get("settings")
    if not isinstance(settings, dict):
        raise Refused("settings must be an object")
    force, dry = bool(data.get("force", False)), bool(data.get("dry", False))
    why = f": {action.reason}" if action.reason else ""
    recorded = replace(action, reason=f"{settings.get('revision', '')}{why}")
    return await live.changes.update(recorded, settings, force=force, dry=dry)
