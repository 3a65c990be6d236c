"""The admin socket and its two clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet import paths
from fleetfoot.fleet.admin import Admin
from fleetfoot.fleet.client import BlockingPlaneClient, PlaneClient, PlaneError, Refusal
from fleetfoot.fleet.supervisor import Refused
from tests.balancers import play, until


def scale(request: Mapping[str, Any]) -> Mapping[str, Any]:
    if request["desired"] > 10:
        raise Refused("more than the maximum 10")
    return {"desired": request["desired"], "was": 2}


def admin() -> Admin:
    return Admin({"stats": lambda _: {"incarnation": "a1"}, "scale": scale})


def test_a_client_is_answered_and_refused_in_words(short_path: Path) -> None:
    async def scenario() -> None:
        served = admin()
        await served.serve(short_path / "plane.sock")
        client = PlaneClient(short_path / "plane.sock")
        assert (await client.stats())["incarnation"] == "a1"
        assert (await client.scale("orders", 3, "o1"))["desired"] == 3
        with pytest.raises(Refusal, match="maximum 10"):
            await client.scale("orders", 11)
        with pytest.raises(Refusal, match="unknown op 'fly'; known: scale, stats, watch"):
            await client.call("fly")
        with pytest.raises(Refusal, match="'desired' is missing"):
            await client.call("scale")
        assert (await client.stats())["incarnation"] == "a1"  # a refusal breaks nothing
        await client.close()
        await served.close()

    play(scenario())


def test_the_socket_is_its_owners_only(short_path: Path) -> None:
    async def scenario() -> None:
        served = admin()
        (short_path / "plane.sock").write_text("left by a dead plane")
        await served.serve(short_path / "plane.sock")
        assert (short_path / "plane.sock").stat().st_mode & 0o777 == 0o600
        await served.close()

    play(scenario())


def test_calls_at_the_same_time_each_get_their_own_answer(short_path: Path) -> None:
    async def scenario() -> None:
        served = admin()
        await served.serve(short_path / "plane.sock")
        client = PlaneClient(short_path / "plane.sock")
        answers = await asyncio.gather(*(client.scale("orders", n) for n in range(10)))
        assert [answer["desired"] for answer in answers] == list(range(10))
        await client.close()
        await served.close()

    play(scenario())


def test_a_client_survives_a_new_plane_at_the_same_path(short_path: Path) -> None:
    async def scenario() -> None:
        client = PlaneClient(short_path / "plane.sock")
        for _ in range(2):
            served = admin()
            await served.serve(short_path / "plane.sock")
            assert (await client.stats())["incarnation"] == "a1"
            await served.close()
            (short_path / "plane.sock").unlink()
        with pytest.raises(PlaneError, match="does not answer"):
            await client.stats()

    play(scenario())


def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(short_path: Path) -> None:
    async def scenario() -> None:
        gate = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                request = json.loads(line)
                if request["op"] == "slow":
                    await gate.wait()
                writer.write(json.dumps({"id": request["id"], "ok": True, "op": request["op"]}).encode() + b"\n")
            writer.close()

        sock = paths.listen(short_path / "plane.sock")
        server = await asyncio.start_unix_server(talk, sock=sock)
        client = PlaneClient(short_path / "plane.sock", timeout_ms=1000)
        with pytest.raises(PlaneError, match="no answer to slow within"):
            await client.call("slow")
        gate.set()
        assert (await client.call("fast"))["op"] == "fast"
        await client.close()
        server.close()

    play(scenario())


def test_lines_that_are_no_requests_are_answered_and_the_connection_lives_on(short_path: Path) -> None:
    async def scenario() -> None:
        served = admin()
        await served.serve(short_path / "plane.sock")
        reader, writer = await asyncio.open_unix_connection(str(short_path / "plane.sock"))
        for line in (b"{", b"[]", b'"x"', b"\xff", b'{"id": 5, "op": "stats"}'):
            writer.write(line + b"\n")
        answers = [json.loads(await reader.readline()) for _ in range(5)]
        assert [answer["ok"] for answer in answers] == [False] * 4 + [True]
        assert answers[4]["id"] == 5
        writer.close()
        await served.close()

    play(scenario())


def test_wakes_come_at_once_and_then_at_most_five_a_second_and_the_last_is_not_lost(short_path: Path) -> None:
    async def scenario() -> None:
        served = admin()
        await served.serve(short_path / "plane.sock")
        client, told = PlaneClient(short_path / "plane.sock"), []
        loop = asyncio.get_running_loop()

        async def listen() -> None:
            async for word in client.watch():
                told.append((loop.time(), word["wake"], word["why"]))  # noqa: PERF401 - it never ends

        listening = asyncio.create_task(listen())
        await until(lambda: served._watchers, "the watcher")
        for _ in range(50):
            served.wake("orders", "queue")
        served.wake("other", "arrivals")
        await until(lambda: len(told) == 3, "two wakes of the one service and one of the other")
        ours = [at for at, name, _ in told if name == "orders"]
        assert ours[1] - ours[0] >= 0.05  # 0.2 as sent; a busy machine hears of the first late
        assert ("other", "arrivals") in [(name, why) for _, name, why in told]
        listening.cancel()
        await asyncio.wait([listening])
        await served.close()

    play(scenario())


def test_the_blocking_client_speaks_the_same_words(short_path: Path) -> None:
    async def scenario() -> None:
        served = admin()
        await served.serve(short_path / "plane.sock")
        client = BlockingPlaneClient(short_path / "plane.sock")
        assert (await asyncio.to_thread(client.stats))["incarnation"] == "a1"
        with pytest.raises(Refusal, match="maximum"):
            await asyncio.to_thread(client.scale, "orders", 99)
        await served.close()

    play(scenario())
    with pytest.raises(PlaneError, match="does not answer"):
        BlockingPlaneClient(short_path / "nobody.sock").stats()


def test_a_path_too_long_for_a_socket_address_works_all_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        folder = tmp_path / ("deep" * 20) / ("deeper" * 15)
        folder.mkdir(parents=True)
        served = admin()
        await served.serve(folder / "plane.sock")
        client = PlaneClient(folder / "plane.sock")
        assert (await client.stats())["ok"]
        await client.close()
        assert (await asyncio.to_thread(BlockingPlaneClient(folder / "plane.sock").stats))["ok"]
        await served.close()

    play(scenario())
