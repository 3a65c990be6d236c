"""WSGI middleware: counts each request of the app it wraps, when the response's iterable is closed.

A file handed over by ``wsgi.file_wrapper`` is passed on as it is, so that the server can still send it
the fast way; such a request counts when the app returns it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter_ns as now
from typing import Any

from fleetfoot_agent.recorder import Recorder

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Request:
    """One open request; ends once."""

    __slots__ = ("began", "life", "open", "start_response", "status")

    def __init__(self, recorder: Recorder, start_response: Callable[..., Any]) -> None:
        self.start_response = start_response
        self.open = True
        self.status = 0
        self.life = recorder.begin()
        self.began = now()

    def start(self, status: str, *rest: Any, **named: Any) -> Any:
        code = status[:3]
        self.status = int(code) if code.isascii() and code.isdigit() else 500
        return self.start_response(status, *rest, **named)

    def end(self, failed: bool = False) -> None:
        if self.open:
            self.open = False
            self.life.end(now() - self.began, self.status or (500 if failed else 0), failed)


class _Body:
    """The app's iterable, watched. Also ends a request whose server forgets to close."""

    __slots__ = ("_body", "_next", "_request")

    def __init__(self, body: Iterable[bytes], request: _Request) -> None:
        self._request = request
        self._body = body
        self._next = iter(body).__next__

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._next()
        except StopIteration:
            raise
        except Exception:
            self._request.end(failed=True)
            raise

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except Exception:
            self._request.end(failed=True)
            raise
        finally:
            self._request.end()

    def __del__(self) -> None:
        self._request.end()


class _SizedBody(_Body):
    """Of a body that knows its length: servers set Content-Length from a single block."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        return True


class WsgiMiddleware:
    """Wraps any WSGI app."""

    def __init__(self, app: WsgiApp, recorder: Recorder) -> None:
        self.app = app
        self.recorder = recorder

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _Request(self.recorder, start_response)
        try:
            body = self.app(environ, request.start)
            wrapper = environ.get("wsgi.file_wrapper")
            if isinstance(wrapper, type) and isinstance(body, wrapper):
                request.end()
                return body
            return _SizedBody(body, request) if hasattr(body, "__len__") else _Body(body, request)
        except Exception:
            request.end(failed=True)
            raise
        except BaseException:  # the worker is told to stop
            request.end()
            raise
