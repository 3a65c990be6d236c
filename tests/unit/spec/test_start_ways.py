"""How tasks start, as a file says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.settings import WarmSettings
from fleetfoot.fleet.settings import parse
from fleetfoot.run.fleetfile import fleet_file
from fleetfoot.spec import Service, Spec, SpecErrors, loads
from fleetfoot.spec.explain import explain


def test_a_zygote_and_warm_tasks_reach_the_keepers_file(tmp_path: object) -> None:
    spec = loads("services: {a: {start: zygote, app: 'orders.web:app', task: {warm: 2, warm up: /prime}}}")
    raw = fleet_file(spec, tmp_path, None)  # type: ignore[arg-type]
    (made,) = parse(raw).services
    assert (made.app, made.command, made.warm, made.warm_up) == ("orders.web:app", "", 2, "/prime")


def warm(text: str, more: str = "") -> Service:
    return loads(f"services: {{a: {{run: x $PORT, task: {{warm: {text}{more}}}}}}}").services["a"]


@pytest.mark.parametrize(
    ("text", "bounds", "fixed"),
    [
        ("2", (2, 2), True),
        ("auto", (0, None), False),
        ("{min: 1, max: 6}", (1, 6), False),
        ("{max: 6}", (0, 6), False),
        ("{min: 3, max: 3}", (3, 3), True),
    ],
)
def test_a_warm_pool_is_a_count_auto_or_bounds(
    text: str, bounds: tuple[int, int | None], fixed: bool, tmp_path: Path
) -> None:
    service = warm(text)
    pool = service.task.warm
    assert ((pool.min, pool.max), pool.fixed) == (bounds, fixed)
    made = compile_service(service).warm
    assert made == (None if fixed else WarmSettings(pool.min, pool.max or service.capacity.max, 0.7))
    (told,) = parse(fleet_file(Spec(services={"a": service}), tmp_path, None)).services
    assert told.warm == pool.min  # the rest is the controller's


def test_a_warm_pool_is_told_with_the_memory_it_may_use() -> None:
    assert "1 to 6 tasks kept warm, for the sharpest rise seen lately" in _told("{min: 1, max: 6}")
    assert "1 to 6 tasks and 6 GB of memory kept warm" in _told("{min: 1, max: 6}", ", memory: 1 GB")
    assert "2 tasks kept warm" in _told("2")
    assert "kept warm" not in _told("0")


def _told(text: str, more: str = "") -> str:
    return "\n".join(explain(Spec(services={"a": warm(text, more)})))


def test_a_balancer_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(SpecErrors, match=r"must be embedded or haproxy, or a mapping .* did you mean 'haproxy'"):
        loads("services: {a: {run: x $PORT, balancer: haprox}}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{min: 4, max: 2}", "2 is below min 4"),
        ("-1", "out of range: allowed is at least 0"),
        ("many", "must be auto, or a mapping such as {min: 1, max: 6}"),
        ("{least: 1}", "unknown key 'least'"),
    ],
)
def test_a_warm_pool_that_cannot_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecErrors, match=message):
        warm(text)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("start: zygote", "start zygote needs the app"),
        ("start: zygote, app: 'a:b', run: x", "is not used by start zygote"),
        ("run: x, app: 'a:b'", "is used by start zygote only"),
        ("start: zygote, app: orders.py", "is not a Python app"),
    ],
)
def test_a_start_that_contradicts_itself_is_refused(lines: str, message: str) -> None:
    with pytest.raises(SpecErrors, match=message):
        loads(f"services: {{a: {{{lines}}}}}")
