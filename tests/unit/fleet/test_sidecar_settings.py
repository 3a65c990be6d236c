from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.settings import BadSettings
from fleetfoot.fleet.sidecar import settings_from
from fleetfoot.fleet.sidecar.settings import VARIABLES

ROOT = Path(__file__).parents[3]
PORT = {"SIDECAR_APP_PORT": "3000"}


def test_only_the_port_of_the_app_must_be_told() -> None:
    settings = settings_from(PORT)
    assert settings.app_port == 3000
    assert settings.balancer == BalancerSettings()
    assert (settings.listen, settings.health) == (("0.0.0.0", 8080), ("0.0.0.0", 8079))
    with pytest.raises(BadSettings, match="SIDECAR_APP_PORT: it must be set"):
        settings_from({})


def test_every_variable_reaches_its_setting() -> None:
    told = {
        "LISTEN": "[::1]:81",
        "HEALTH_LISTEN": ":82",
        "OBJECTIVE": "250ms",
        "CONCURRENCY": "8",
        "THROUGHPUT": "20/s",
        "QUEUE": "5",
        "QUEUE_TIMEOUT": "2s",
        "SHED": "objective",
        "REQUEST_TIMEOUT": "1m",
        "HEADER_TIMEOUT": "3s",
        "IDLE_TIMEOUT": "4s",
        "MIN_RATE": "0",
        "MAX_HEADER": "8KiB",
        "MAX_BODY": "10MB",
        "RETRY_AFTER": "2",
        "READINESS_PATH": "",
        "READINESS_INTERVAL": "5s",
        "READINESS_TIMEOUT": "1.5s",
        "READINESS_UNHEALTHY": "7",
        "LINGER": "6s",
        "DRAIN": "9s",
    }
    assert {f"SIDECAR_{name}" for name in told} | set(PORT) == set(VARIABLES)
    settings = settings_from(PORT | {f"SIDECAR_{name}": text for name, text in told.items()})
    assert (settings.listen, settings.health) == (("::1", 81), ("0.0.0.0", 82))
    assert (settings.objective_ms, settings.concurrency, settings.throughput) == (250, 8, 20.0)
    assert (settings.linger_ms, settings.drain_ms) == (6000, 9000)
    check, balancer = settings.readiness, settings.balancer
    assert (check.path, check.interval_ms, check.timeout_ms, check.unhealthy) == (None, 5000, 1500, 7)
    assert (balancer.queue, balancer.queue_timeout_ms, balancer.shed, balancer.retry_after) == (5, 2000, "objective", 2)
    assert (balancer.request_timeout_ms, balancer.header_timeout_ms, balancer.idle_timeout_ms) == (60_000, 3000, 4000)
    assert (balancer.max_header, balancer.max_body, balancer.min_rate) == (8192, 10_000_000, 0)


@pytest.mark.parametrize("name", ["SIDECAR_LISTEN", "SIDECAR_HEALTH_LISTEN"])
def test_it_refuses_to_listen_on_the_port_of_the_app(name: str) -> None:
    with pytest.raises(BadSettings, match=f"{name}: port 3000 is the app's"):
        settings_from(PORT | {name: "127.0.0.1:3000"})


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        pytest.param("APP_PORT", "0", "from 1 to 65535", id="a port that is none"),
        pytest.param("APP_PORT", "http", "from 1 to 65535", id="a name for a port"),
        pytest.param("LISTEN", "8080", "host:port", id="a port without a colon"),
        pytest.param("OBJECTIVE", "250", "a time with its unit", id="a time without unit"),
        pytest.param("OBJECTIVE", "0s", "above 0", id="no time at all"),
        pytest.param("CONCURRENCY", "0", "from 1", id="no concurrency"),
        pytest.param("THROUGHPUT", "0/s", "above 0", id="no throughput"),
        pytest.param("SHED", "yes", "off or objective", id="a shed that is none"),
        pytest.param("MAX_BODY", "10iB", "a size", id="a unit that is none"),
        pytest.param("READINESS_PATH", "ready", "begins with /", id="a path without its slash"),
        pytest.param("READINESS_PATH", "/a\r\nX: y", "begins with /", id="a path of two lines"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_why(name: str, text: str, why: str) -> None:
    with pytest.raises(BadSettings) as caught:
        settings_from(PORT | {f"SIDECAR_{name}": text})
    assert str(caught.value).startswith(f"SIDECAR_{name}={text!r}: ")
    assert why in str(caught.value)


def test_a_misspelt_variable_is_refused_with_a_suggestion_and_all_errors_are_told_together() -> None:
    with pytest.raises(BadSettings) as caught:
        settings_from({"SIDECAR_APPPORT": "1", "SIDECAR_QUEUE": "-1", "FLEETFOOT_SERVICE": "shop"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "did you mean SIDECAR_APP_PORT?" in lines[0]


def test_the_page_has_every_variable_with_its_default() -> None:
    text = (ROOT / "docs" / "sidecar.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `SIDECAR_")}
    assert set(rows) == set(VARIABLES)
    for name, (_, default) in VARIABLES.items():
        if default:
            assert f"`{default}`" in rows[name], name
