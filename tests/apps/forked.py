"""Apps for a zygote: two that may be forked, and some that may not ($BAD says how)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

IMPORTED_BY = os.getpid()
BAD = os.environ.get("BAD", "")
kept: Any = None
if BAD == "thread":
    threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()
elif BAD == "loop":
    kept = asyncio.new_event_loop()
elif BAD == "socket":
    kept = socket.create_server(("127.0.0.1", 0))
elif BAD == "exit":
    raise SystemExit("no licence")
elif BAD == "hang":
    threading.Event().wait()


def said() -> str:
    return f"{os.environ.get('FLEETFOOT_TASK')} {os.getpid()} {IMPORTED_BY} {os.getpgid(0)} {os.environ.get('PORT')}"


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"].startswith("/kill/"):
        os.kill(os.getpid(), int(scope["path"][6:]))
    if scope["path"].startswith("/exit/"):
        os._exit(int(scope["path"][6:]))
    body = said().encode()
    print("asked for", scope["path"], flush=True)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/end":
        os.kill(os.getpid(), signal.SIGKILL)
    body = said().encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


neither = 7
