from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fleetfoot_agent import Agent, AsgiMiddleware, WsgiMiddleware, install, is_asgi


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def asgi_plain(scope: Any, receive: Any, send: Any) -> Any: ...


def wsgi(environ: Any, start_response: Any) -> Any: ...


def wsgi_with_extra(environ: Any, start_response: Any, log: Any = None, *, more: int = 0) -> Any: ...


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


@pytest.mark.parametrize(
    "app", [asgi, asgi_plain, AsgiObject(), functools.partial(asgi), AsgiMiddleware(asgi, Agent().recorder)]
)
def test_an_asgi_app_is_known(app: Any) -> None:
    assert is_asgi(app)
    assert isinstance(install(app, Agent()), AsgiMiddleware)


@pytest.mark.parametrize(
    "app", [wsgi, wsgi_with_extra, WsgiObject(), functools.partial(wsgi), WsgiMiddleware(wsgi, Agent().recorder)]
)
def test_a_wsgi_app_is_known(app: Any) -> None:
    assert not is_asgi(app)
    assert isinstance(install(app, Agent()), WsgiMiddleware)


@pytest.mark.parametrize("app", [3, None, "module:app", lambda: None, WsgiObject])
def test_what_is_neither_is_refused_with_a_way_out(app: Any) -> None:
    with pytest.raises(TypeError, match="AsgiMiddleware or WsgiMiddleware"):
        install(app, Agent())


def test_without_an_address_the_agent_records_and_sends_nothing() -> None:
    agent = Agent()
    install(asgi, agent)
    agent.gauge("users", 1)
    agent.stop()
    assert agent.start() is False
    assert (agent.sender, agent.answer) == (None, None)
    assert agent.recorder.take().gauges == {"users": 1}


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    src = str(Path(__file__).parents[3] / "src")
    env = {**{k: v for k, v in os.environ.items() if not k.startswith("FLEETFOOT")}, "PYTHONPATH": src, **environ}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_wrong_variable_is_said_and_the_app_goes_on() -> None:
    done = run(
        "import fleetfoot_agent as f; f.install(lambda e, s: []); print(f.agent.sender)",
        FLEETFOOT_PUSH_URL="http://127.0.0.1:9/",
        FLEETFOOT_SERVICE="orders",
    )
    assert (done.returncode, done.stdout) == (0, "None\n")
    assert "FLEETFOOT_TOKEN" in done.stderr


def test_the_agent_needs_nothing_but_the_standard_library() -> None:
    done = run(
        "import sys; before = set(sys.modules); import fleetfoot_agent\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    assert done.stdout == "['fleetfoot_agent']\n", done.stderr


def test_importing_the_agent_starts_no_thread() -> None:
    done = run("import fleetfoot_agent, threading; print(threading.active_count())", FLEETFOOT_PUSH_URL="http://x/")
    assert done.stdout == "1\n", done.stderr
