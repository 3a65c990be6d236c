"""The file HAProxy is started with, and whether there is an HAProxy that can read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.haproxy import config, program

WIRES = config.Wires(listen=3, runtime=4, log=5)


def test_the_file_holds_what_the_settings_say() -> None:
    settings = BalancerSettings(
        queue=7, queue_timeout_ms=11, request_timeout_ms=12, header_timeout_ms=13, idle_timeout_ms=14, max_header=70_000
    )
    text = config.text(settings, WIRES, files=20_000, hold="/a b/hold.lua")
    for line in (
        "bind fd@3",
        "stats socket fd@4",
        "log fd@5",
        "nbthread 1",
        "timeout queue 11ms",
        "timeout server 12ms",
        "timeout http-request 13ms",
        "timeout client 14ms",
        "tune.bufsize 71024",
        "queue(fleet) ge 7",
        "lua.hold 11 ",
        'lua-load "/a b/hold.lua"',
        "option forwardfor",
        "disable-l7-retry unless METH_GET",
    ):
        assert line in text, line


def test_clients_are_limited_by_the_files_there_are() -> None:
    assert config.most_connections(1024) == 384
    assert config.most_connections(1 << 30) == 20_000
    assert config.most_connections(10) == 64


def test_a_missing_or_old_haproxy_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(program.Unusable, match="sudo apt-get install -y haproxy"):
        program.find(str(tmp_path))
    with pytest.raises(program.Unusable, match=r"version 2\.4; 2\.6 or later"):
        program.read("haproxy", "HAProxy version 2.4.22 2023/02/14")
    with pytest.raises(program.Unusable, match="does not look like"):
        program.read("haproxy", "hello")
    assert program.read("haproxy", "HAProxy version 3.1.0\nUSE_LUA=1") == ("haproxy", (3, 1), True)
    assert not program.read("haproxy", "HAProxy version 3.1.0\n -LUA").lua


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ""),
        ({"kind": "embedded", "shed": "objective"}, ""),
        ({"kind": "haproxy", "shed": "objective"}, "shed is for kind: embedded"),
        ({"kind": "haproxy", "classes": [{"name": "other"}]}, "classes is for kind: embedded"),
    ],
)
def test_what_haproxy_cannot_do_is_refused(settings: dict[str, object], words: str) -> None:
    assert words in program.unusable(settings)
    assert bool(words) == bool(program.unusable(settings))
