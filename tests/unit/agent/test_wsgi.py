from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from fleetfoot_agent import Recorder, WsgiMiddleware
from fleetfoot_agent.wsgi import WsgiApp


class Call:
    """What a server does with a WSGI app, step by step."""

    def __init__(self, app: WsgiApp, **environ: Any) -> None:
        self.recorder = Recorder()
        self.started: list[str] = []
        self.environ: dict[str, Any] = {**environ}
        setup_testing_defaults(self.environ)
        self.body = WsgiMiddleware(app, self.recorder)(self.environ, self._start)

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        self.started.append(status)
        return lambda _: None

    def close(self) -> None:
        self.body.close()  # type: ignore[attr-defined]


def plain(status: str = "200 OK") -> WsgiApp:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(status, [("Content-Type", "text/plain")])
        return [b"hello"]

    return app


@pytest.mark.parametrize(("status", "name", "errors"), [("200 OK", "2xx", 0), ("503 Busy", "5xx", 1), ("x", "5xx", 1)])
def test_a_request_counts_when_its_iterable_is_closed(status: str, name: str, errors: int) -> None:
    call = Call(plain(status))
    assert list(call.body) == [b"hello"]
    assert call.recorder.take().in_flight == 1
    call.close()
    call.close()
    counts = call.recorder.take()
    assert (counts.requests, counts.in_flight, counts.errors, counts.status) == (1, 0, errors, {name: 1})
    assert call.started == [status]


def test_the_middleware_keeps_to_the_wsgi_rules() -> None:
    started: list[str] = []
    environ: dict[str, Any] = {"QUERY_STRING": ""}
    setup_testing_defaults(environ)

    def start(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        started.append(status)
        return lambda _: None

    app = validator(WsgiMiddleware(validator(plain()), Recorder()))
    body = app(environ, start)
    try:
        assert list(body) == [b"hello"]
    finally:
        body.close()  # type: ignore[attr-defined]
    assert started == ["200 OK"]


def test_a_generator_that_sets_its_status_late_is_counted_by_it() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("404 Not Found", [])
        yield b"x"

    call = Call(app)
    assert list(call.body) == [b"x"]
    call.close()
    assert call.recorder.take().status == {"4xx": 1}


def test_the_close_of_the_app_is_called_and_its_exception_counts() -> None:
    class Body(list[bytes]):
        def close(self) -> None:
            raise OSError("disk")

    call = Call(lambda environ, start_response: Body([b"x"]))
    with pytest.raises(OSError, match="disk"):
        call.close()
    assert call.recorder.take().errors == 1
    assert call.recorder.take().in_flight == 0


def test_an_exception_while_streaming_is_an_error_counted_once() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x"
        raise ValueError("half way")

    call = Call(app)
    with pytest.raises(ValueError, match="half"):
        list(call.body)
    call.close()
    counts = call.recorder.take()
    assert (counts.errors, counts.status, counts.latency.total) == (1, {"2xx": 1}, 1)


@pytest.mark.parametrize(("error", "errors"), [(ValueError, 1), (SystemExit, 0)])
def test_an_app_that_raises_is_counted_and_the_server_sees_it(error: type[BaseException], errors: int) -> None:
    recorder = Recorder()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise error

    with pytest.raises(error):
        WsgiMiddleware(app, recorder)({}, lambda *_: None)
    counts = recorder.take()
    assert (counts.errors, counts.in_flight, counts.requests) == (errors, 0, 1)


def test_a_body_that_is_not_iterable_fails_as_before_and_is_counted() -> None:
    recorder = Recorder()
    with pytest.raises(TypeError):
        WsgiMiddleware(lambda e, s: None, recorder)({}, lambda *_: None)  # type: ignore[arg-type,return-value]
    assert recorder.take().errors == 1


def test_a_body_keeps_its_length_and_one_without_has_none() -> None:
    def stream(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        yield b"x"

    sized, streamed = Call(plain()).body, Call(stream).body
    assert len(sized) == 1  # type: ignore[arg-type]
    assert bool(Call(lambda e, s: []).body)
    assert not hasattr(streamed, "__len__")


def test_a_response_the_server_forgets_to_close_is_counted_when_it_is_dropped() -> None:
    call = Call(plain())
    del call.body
    assert call.recorder.take().in_flight == 0


def test_a_file_is_handed_to_the_server_as_it_is() -> None:
    files: list[FileWrapper] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        files.append(environ["wsgi.file_wrapper"](environ["wsgi.input"]))
        return files[0]

    call = Call(app, **{"wsgi.file_wrapper": FileWrapper})
    assert call.body is files[0]
    assert call.recorder.take().status == {"2xx": 1}
