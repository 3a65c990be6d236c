"""The HAProxy process itself: its traps, its death, the death of its parent, and every file we write for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleetfoot.fleet import proc
from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.haproxy import config
from fleetfoot.fleet.haproxy.balancer import HAProxyBalancer
from tests.balancers import GET, Upstream, World, listening, play, served, until, wait_for_gate
from tests.support import wait_until

SRC = Path(__file__).parents[2] / "src"

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed"),
]


@contextlib.asynccontextmanager
async def haproxy(folder: Path) -> AsyncIterator[tuple[HAProxyBalancer, World]]:
    balancer = HAProxyBalancer("test", BalancerSettings(), 1000, None, lambda _: None, folder / "haproxy" / "test")
    async with served(balancer) as here:
        yield balancer, here


def test_connections_to_tasks_are_used_again(short_path: Path) -> None:
    """The first trap: a server added at run time has no pool unless it is told."""

    async def scenario() -> None:
        async with haproxy(short_path) as (_, here):
            task = await here.task("t1")
            client = await here.connect()
            for _ in range(200):
                client.send(GET)
                assert (await client.receive()).status == 200
            assert task.opened <= 5  # the client's own, and HAProxy's looks

    play(scenario())


def test_a_killed_haproxy_is_replaced_and_who_connects_meanwhile_waits(short_path: Path) -> None:
    async def scenario() -> None:
        async with haproxy(short_path) as (balancer, here):
            await here.task("t1")
            stuck = await here.task("t2", wait_for_gate, ready=False)
            assert [(await here.ask()).status for _ in range(5)] == [200] * 5
            await until(lambda: here.stat("offered") == 5)
            here.balancer.ready("t2", 0)
            here.balancer.unready("t1")
            await until(lambda: balancer.settled)
            (cut,) = await here.hold(1)
            await until(lambda: stuck.seen)
            here.balancer.ready("t1")
            here.balancer.unready("t2")
            old = balancer.pid
            os.kill(old, signal.SIGKILL)
            with pytest.raises((OSError, asyncio.IncompleteReadError)):
                await cut
            assert [(await here.ask()).status for _ in range(3)] == [200] * 3
            assert balancer.pid != old
            await until(lambda: here.counts("offered", "completed", "broken", "bad") == [9, 8, 1, 1])

    play(scenario())


PARENT = """
import asyncio, socket, sys
from pathlib import Path
from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.haproxy.balancer import HAProxyBalancer

async def main(fd, folder):
    balancer = HAProxyBalancer("test", BalancerSettings(), 1000, None, lambda _: None, Path(folder))
    await balancer.serve(socket.socket(fileno=fd))
    print(balancer.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
"""


def test_haproxy_dies_with_its_parent_and_the_next_one_serves_the_same_socket(short_path: Path) -> None:
    sock = listening()
    argv = [sys.executable, "-c", PARENT, str(sock.fileno()), str(short_path)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC)}
    parent = subprocess.Popen(argv, pass_fds=[sock.fileno()], stdout=subprocess.PIPE, env=env)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert proc.name(child) == "haproxy"
    start = proc.start_time(child) or 0
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not proc.alive(child, start), what="HAProxy to die with its parent")

    async def scenario() -> None:
        early = socket.create_connection(sock.getsockname())  # nobody accepts: it waits in the kernel
        early.sendall(GET)
        early.setblocking(False)
        balancer = HAProxyBalancer("test", BalancerSettings(), 1000, None, lambda _: None, short_path)
        task = Upstream("t1")
        await task.start()
        balancer.add("t1", task.port, "a", "r")
        balancer.ready("t1", 0)
        await balancer.serve(sock)
        assert (await asyncio.get_running_loop().sock_recv(early, 100)).startswith(b"HTTP/1.1 200")
        early.close()
        await balancer.close(1000)
        task.kill()

    play(scenario())


def test_haproxy_obeys_every_word_also_when_told_twice(short_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with haproxy(short_path) as (balancer, here):
            await here.task("t1")
            for again in range(2):
                balancer._orders.doubt()
                balancer.add(f"brief-{again}", 1, "a", "r")
                balancer.remove(f"brief-{again}")
                balancer.unready("t1")
                balancer.ready("t1")
                await until(lambda: balancer.settled and not balancer._orders.deletions())
            assert (await here.ask()).status == 200

    with caplog.at_level(logging.WARNING):
        play(scenario())
    assert caplog.messages == []


def test_a_removed_server_is_deleted(short_path: Path) -> None:
    async def scenario() -> None:
        async with haproxy(short_path) as (balancer, here):
            await here.task("t1")
            await until(lambda: balancer.settled)
            balancer.remove("t1")
            await until(lambda: balancer.settled and not balancer._orders.deletions())
            (text,) = await balancer._child.runtime.ask("show stat")
            assert "fleet,BACKEND," in text
            assert "fleet,t1," not in text

    play(scenario())


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(BalancerSettings(), id="default"),
        pytest.param(BalancerSettings(queue=0), id="no-queue"),
        pytest.param(BalancerSettings(max_body=1000, max_header=1024), id="small"),
        pytest.param(BalancerSettings(max_header=1 << 20, retry_after=3600), id="large"),
    ],
)
@pytest.mark.parametrize("lua", [True, False], ids=["lua", "no-lua"])
def test_haproxy_accepts_every_file_we_write_without_a_warning(
    short_path: Path, settings: BalancerSettings, lua: bool
) -> None:
    folder = short_path / 'a "quoted" $HOME \\ folder'
    folder.mkdir()
    (folder / "hold.lua").write_text(config.HOLD)
    with listening() as sock, socket.socket(socket.AF_UNIX) as runtime, Path(os.devnull).open("wb") as log:
        runtime.bind(str(short_path / "s"))
        runtime.listen()
        wires = config.Wires(sock.fileno(), runtime.fileno(), log.fileno())
        cfg = folder / "haproxy.cfg"
        cfg.write_text(config.text(settings, wires, 20_000, str(folder / "hold.lua") if lua else None))
        argv = ["haproxy", "-c", "-f", str(cfg)]
        said = subprocess.run(argv, capture_output=True, text=True, check=False, pass_fds=wires)
    assert (said.returncode, said.stderr) == (0, ""), said.stderr


def test_a_haproxy_that_cannot_start_says_why(short_path: Path) -> None:
    async def scenario() -> None:
        settings = BalancerSettings(idle_timeout_ms=-1)
        balancer = HAProxyBalancer("test", settings, 1000, None, lambda _: None, short_path / "haproxy")
        with pytest.raises(OSError, match=r"HAProxy did not start: .*(timer|timeout|fatal|configuration)"):
            await balancer.serve(listening())
        await balancer.close(0)

    play(scenario())
