"""The keeper's file: what is right is read, what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet.settings import BadSettings, Check, address, load, parse


def whole(**service: Any) -> dict[str, Any]:
    return {"state": "/tmp/x", "services": [{"name": "orders", "command": "serve", **service}]}


def test_a_service_needs_no_more_than_a_name_and_a_command() -> None:
    settings = parse(whole())
    assert settings.services[0].health.readiness == Check("/")
    assert settings.controller is None
    assert settings.push


def test_everything_that_is_written_is_read() -> None:
    health = {
        "readiness": {"path": None, "healthy": 2},
        "liveness": {"path": "/live", "interval_ms": 50},
        "grace_ms": 7,
    }
    raw = whole(zones=["a", "b"], health=health, balancer={"queue": 5}, min=0, initial=2, max=3)
    settings = parse({**raw, "controller": {"argv": ["run", "it"]}, "push": False, "incarnation_grace_ms": 5})
    one = settings.services[0]
    assert (one.zones, one.health.grace_ms, one.balancer) == (("a", "b"), 7, {"queue": 5})
    assert one.health.readiness == Check(None, healthy=2)
    assert one.health.liveness == Check("/live", interval_ms=50)
    assert (settings.controller, settings.push, settings.incarnation_grace_ms) == (("run", "it"), False, 5)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param([], "the file: an object", id="not-an-object"),
        pytest.param({"services": []}, "state is missing", id="no-state"),
        pytest.param({"state": "/x", "services": []}, "at least one", id="no-services"),
        pytest.param({**whole(), "state": "x"}, "absolute path", id="relative-state"),
        pytest.param({**whole(), "speed": 1}, "unknown key 'speed'", id="unknown-key"),
        pytest.param(whole(comand="x"), "orders: unknown key 'comand'", id="unknown-key-of-a-service"),
        pytest.param({"state": "/x", "services": [{"name": "orders"}]}, "orders: command is missing", id="no-command"),
        pytest.param(whole(name="../x"), "name may hold", id="a-name-that-is-a-path"),
        pytest.param(whole(name=".."), "name may hold", id="a-name-of-dots"),
        pytest.param(whole(listen="8080"), "not host:port", id="no-host"),
        pytest.param(whole(listen="a:b"), "not host:port", id="no-port"),
        pytest.param(whole(min=5, initial=2), "min <= initial <= max", id="minimum-above-initial"),
        pytest.param(whole(health={"readiness": {"url": "/"}}), "readiness: unknown key 'url'", id="unknown-check-key"),
        pytest.param({"state": "/x", "services": [{"name": "a", "command": "x"}] * 2}, "same name", id="twice"),
    ],
)
def test_what_is_wrong_is_named(raw: object, words: str) -> None:
    with pytest.raises(BadSettings, match=words.replace("(", r"\(")):
        parse(raw)


def test_a_file_that_is_absent_or_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    with pytest.raises(BadSettings, match=r"fleet\.json"):
        load(path)
    path.write_text("{")
    with pytest.raises(BadSettings, match=r"fleet\.json"):
        load(path)
    path.write_text(json.dumps(whole()))
    assert load(path).services[0].name == "orders"


def test_addresses_of_both_kinds_are_understood() -> None:
    assert address("127.0.0.1:80") == ("127.0.0.1", 80)
    assert address("[::1]:80") == ("::1", 80)
    assert address(":80") == ("0.0.0.0", 80)
