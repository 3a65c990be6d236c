"""The receiver over HTTP: its answers, byte for byte."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fleetfoot.edge.sources.push import push_app
from fleetfoot_agent.wire import MAX_BODY, encode
from tests.pushes import Task, World


def request(
    world: World, *parts: bytes, method: str = "POST", token: str = "secret", headers: tuple[Any, ...] = ()
) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    """What ``push_app`` answers: status, body, headers."""
    waiting = [{"type": "http.request", "body": p, "more_body": i < len(parts) - 1} for i, p in enumerate(parts)]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "headers": [(b"authorization", f"Bearer {token}".encode()), *headers]}
    asyncio.run(_run(push_app(world.receiver, "secret"), scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]), dict(sent[0]["headers"])


async def _run(app: Any, *args: Any) -> None:
    await app(*args)


def one_push() -> tuple[World, bytes]:
    world = World(answer={"tasks": 3})
    task = Task(world)
    world.now += 1000
    return world, encode(task.serve(10).make())


def test_a_push_is_taken_in_however_many_pieces_it_comes() -> None:
    world, body = one_push()
    status, answer, _ = request(world, body[:10], b"", body[10:])
    assert (status, answer) == (200, {"v": 1, "tasks": 3})
    assert world.value("requests") == 10


@pytest.mark.parametrize("token", ["", "Secret", "secret2", "secre", "sécret"])
def test_a_push_without_the_token_is_refused_unread(token: str) -> None:
    world, body = one_push()
    status, answer, _ = request(world, body, token=token)
    assert status == 401
    assert "token" in answer["error"]
    assert world.signals() == {}


def test_a_receiver_without_a_token_is_not_made() -> None:
    with pytest.raises(ValueError, match="token"):
        push_app(World().receiver, "")


@pytest.mark.parametrize(
    ("parts", "more", "status"),
    [
        pytest.param([b"x" * 40_000, b"x" * 40_000], {}, 413, id="too long in pieces"),
        pytest.param(
            [b""], {"headers": ((b"content-length", str(MAX_BODY + 1).encode()),)}, 413, id="too long, announced"
        ),
        pytest.param([b""], {"headers": ((b"content-length", b"9" * 5000),)}, 413, id="absurdly long, announced"),
        pytest.param([], {}, 400, id="a sender that goes away"),
        pytest.param([b"{"], {}, 400, id="not JSON"),
        pytest.param([b""], {"method": "GET"}, 405, id="not a POST"),
    ],
)
def test_a_bad_request_gets_a_clear_answer(parts: list[bytes], more: dict[str, Any], status: int) -> None:
    world, _ = one_push()
    found, answer, _ = request(world, *parts, **more)
    assert found == status
    assert answer["error"]
    assert world.signals() == {}


def test_a_refusal_for_the_time_being_says_when_to_come_back() -> None:
    world, body = one_push()
    answers = [request(world, body) for _ in range(12)]
    assert [status for status, _, _ in answers] == [200] * 10 + [429] * 2
    assert answers[-1][2][b"retry-after"] == b"1"
