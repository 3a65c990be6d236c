"""Signals made of others: what a formula may say, what its inputs lend it, and what dividing by zero is."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.contract import Contract
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Signal, State
from fleetfoot.core.policies import Thresholds
from fleetfoot.core.settings import Settings
from fleetfoot.core.view import View, look
from fleetfoot.spec import loads
from fleetfoot.spec.errors import Wrong
from fleetfoot.spec.formula import parse
from tests.unit.core.build import START, Service, Shown, settings, signal
from tests.unit.spec.lines import errors_of, service

EMPTY = {"value": 9.0, "state": State.EMPTY}
SHARE = {"share": parse("app.failed / app.orders")}
ANY = Thresholds("any", (("share", 0.05),), (("share", 0.01),), window=1000, cooldown=0)


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        pytest.param("a / b", {"a": 3.0, "b": 4.0}, 0.75, id="a ratio"),
        pytest.param("a + b * 2 - 1", {"a": 3.0, "b": 4.0}, 10.0, id="precedence"),
        pytest.param("(a + b) * 2", {"a": 3.0, "b": 4.0}, 14.0, id="brackets"),
        pytest.param("-a + 5", {"a": 3.0}, 2.0, id="a sign"),
        pytest.param("max(a, b, 7)", {"a": 3.0, "b": 4.0}, 7.0, id="max"),
        pytest.param("min(a, b) + abs(a - b)", {"a": 3.0, "b": 4.0}, 4.0, id="min and abs"),
        pytest.param("a / b if b > 10 else 0", {"a": 3.0, "b": 4.0}, 0.0, id="a choice"),
        pytest.param("a > 1 and b > 1", {"a": 3.0, "b": 4.0}, 1.0, id="a condition is 1 or 0"),
        pytest.param("app.a.mean / app.b", {"app.a.mean": 1.0, "app.b": 4.0}, 0.25, id="dotted names"),
        pytest.param("a / b", {"a": 3.0, "b": 0.0}, None, id="by zero"),
        pytest.param("a * 1e308 * 10", {"a": 3.0}, float("inf"), id="beyond what can be"),
    ],
)
def test_a_formula_is_arithmetic(text: str, values: dict[str, float], result: float | None) -> None:
    assert parse(text).of(values) == result


@pytest.mark.parametrize(
    "text",
    [
        "a.__class__.__bases__", "().__class__", "__import__('os')", "a ** 99999999", "a << 1000", "'x' * a", "[a][0]",
        "{a: 1}", "(x for x in a)", "lambda: a", "f'{a}'", "a if b", "a; b", "a = 1", "a := 1", "a[0]", "eval('a')",
        "open(a)", "max(*a)", "max(a, key=b)", "max(a)", "abs(a, b)", "a and 'x'", "True + a", "1 + 2", "rand() + a",
        "a // b", "a % b", "~a", "a in b", "a is b", "await a", "", "+" * 200 + "a", "(" * 100 + "a" + ")" * 100,
        "a.b().c", "min(a, b).real", "a" * 300,
    ],
)  # fmt: skip
def test_what_is_no_arithmetic_over_signals_is_refused_before_it_runs(text: str) -> None:
    with pytest.raises(Wrong):
        parse(text)


WRONG = [
    ("unfinished", "{formula: app.a /}", "f:4:28: services.a.signals.s.formula: cannot be read at character 8"),
    ("comma", "{formula: max(app.a, 1)}", "inside { } a comma ends the value: write the formula in quotes"),
    ("power", "{formula: 2 ** app.a}", "holds what no formula may, at character 1"),
    ("call", "{formula: 1 + sum(app.a)}", "calls something at character 5: it may call min, max and abs"),
    ("no-signal", "{formula: 1 + 2}", "'1 + 2' reads no signal"),
    ("misspelt", "{formula: errrs / requests}", "'errrs' is no signal"),
    ("itself", "{formula: s + 1}", "s is no signal above it"),
    ("with-a-source", "{from: agent, formula: app.a / 2}", "a formula has no from: remove it"),
    ("with-a-period", "{period: 5s, formula: app.a / 2}", "a formula has no period: remove it"),
]


@pytest.mark.parametrize(("body", "told"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_wrong_formula_is_told_with_its_place(body: str, told: str) -> None:
    policy = "policies: [{step: {signal: s, above: 1, add: 1}}]"
    error, *rest = errors_of(service(f"signals: {{s: {body}}}", policy))
    assert not rest or "unknown key '1)'" in rest[0]
    assert error.startswith("f:4:")
    assert told in error


def test_a_formula_may_read_the_ones_above_it_and_none_below() -> None:
    above = "signals: {x: {formula: queue + 1}, y: {formula: x * 2}}"
    below = "signals: {y: {formula: x * 2}, x: {formula: queue + 1}}"
    policy = "policies: [{step: {signal: y, above: 1, add: 1}}]"
    assert errors_of(service(above, policy)) == []
    assert "x is no signal above it" in errors_of(service(below, policy))[0]
    known = compile_service(loads(service(above, policy)).services["a"])
    view = look(known, Memory(), Service().see(queue=4.0))
    assert view.value("y") == 10.0


# -- what its inputs lend it


def seen(known: Settings | None = None, **shown: Shown) -> View:
    shown = {name.replace("_", ".", 1): value for name, value in shown.items()}
    known = known or settings(ANY, formulas=SHARE)
    return look(known, Memory(), Service().see(**shown))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failed", "orders", "state", "value"),
    [
        pytest.param(2.0, 40.0, State.FRESH, 0.05, id="both seen"),
        pytest.param(None, 40.0, State.MISSING, None, id="one missing"),
        pytest.param(2.0, {"value": 40.0, "end": START - 60_000}, State.STALE, None, id="one stale"),
        pytest.param(-1.0, {"value": 40.0, "end": START - 60_000}, State.ABSURD, None, id="the worst of two counts"),
        pytest.param({"value": 2.0, "state": State.CENSORED}, 40.0, State.CENSORED, 0.05, id="a lower bound"),
        pytest.param({"value": 9.0, "state": State.EMPTY}, 40.0, State.FRESH, 0.0, id="an empty one is zero"),
        pytest.param(
            EMPTY,
            EMPTY,
            State.EMPTY,
            0.0,
            id="both empty",
        ),
        pytest.param(0.0, 0.0, State.EMPTY, 0.0, id="nothing by nothing"),
        pytest.param(2.0, 0.0, State.MISSING, None, id="something by nothing"),
    ],
)
def test_a_formula_is_no_better_than_its_worst_input(
    failed: Shown, orders: Shown, state: State, value: float | None
) -> None:
    view = seen(app_failed=failed, app_orders=orders)
    assert view.state("share") is state
    if value is not None:
        assert view.value("share") == value


def test_it_is_as_old_as_the_oldest_and_covers_what_all_of_them_cover() -> None:
    old = Signal("app.failed", 2.0, START - 4_000, START - 3_000, 5_000, 5_000, 0.8)
    new = signal("app.orders", 40.0, START, coverage=0.5)
    made = seen(app_failed=old, app_orders=new).seen.signals["share"]
    # what 80 % and 50 % of the tasks told is scaled up first: 2.5 of 80
    assert made == Signal("share", 2.5 / 80.0, START - 4_000, START - 3_000, 5_000, 5_000, 0.5)


def test_an_inputs_own_contract_goes_with_it() -> None:
    lenient = settings(ANY, formulas=SHARE, contracts={"app.orders": Contract(age=60_000)})
    stale = {"value": 40.0, "end": START - 50_000}
    assert seen(lenient, app_failed=2.0, app_orders=stale).state("share") is State.STALE  # the share's own age
    both = settings(ANY, formulas=SHARE, contracts={"app.orders": Contract(age=60_000), "share": Contract(age=60_000)})
    assert seen(both, app_failed=2.0, app_orders=stale).state("share") is State.FRESH
    strict = settings(ANY, formulas=SHARE, contracts={"app.failed": Contract(absent="hold")})
    assert (
        seen(strict, app_failed={"value": 0.0, "state": State.EMPTY}, app_orders=40.0).state("share") is State.MISSING
    )
    lost = settings(ANY, formulas=SHARE, contracts={"app.orders": Contract(absent="fallback", fallback=10.0)})
    view = seen(lost, app_failed=2.0, app_orders=None)
    assert (view.state("share"), view.value("share")) == (State.CENSORED, 0.2)  # for growth alone
    view = seen(lost, app_failed=2.0, app_orders=stale)
    assert (view.state("share"), view.value("share")) == (State.CENSORED, 0.2)
    view = seen(lost, app_failed=2.0, app_orders=40.0)
    assert (view.state("share"), view.value("share")) == (State.FRESH, 0.05)


@pytest.mark.parametrize(
    ("shown", "desired"),
    [
        pytest.param({"app.failed": 4.0, "app.orders": 40.0}, 5, id="grows"),
        pytest.param({"app.failed": 1.0, "app.orders": 40.0}, 4, id="rests"),
        pytest.param({"app.failed": 0.0, "app.orders": 40.0}, 3, id="lets go"),
        pytest.param({"app.failed": 0.0, "app.orders": 0.0}, 3, id="at night nothing of nothing is calm"),
        pytest.param({"app.failed": 0.0, "app.orders": None}, 4, id="blind holds"),
        pytest.param({"app.failed": -3.0, "app.orders": 10.0}, 4, id="nonsense holds"),
    ],
)
def test_a_policy_reads_a_formula_like_any_signal(shown: dict[str, Any], desired: int) -> None:
    assert Service(ANY, formulas=SHARE).tick(**shown).desired == desired


def test_a_negative_result_is_absurd() -> None:
    known = settings(ANY, formulas={"share": parse("queue - 5")})
    assert seen(known, queue=2.0).state("share") is State.ABSURD
    assert seen(known, queue=7.0).value("share") == 2.0


def test_the_memory_and_the_observation_know_nothing_of_it() -> None:
    one, other = Service(ANY, formulas=SHARE), Service(ANY, formulas=SHARE)
    for failed in (1.0, 4.0, 0.0, 9.0):
        shown: dict[str, Any] = {"app.failed": failed, "app.orders": 40.0}
        first = one.tick(**shown)
        other.memory = Memory.from_json(other.memory.to_json())
        assert other.tick(**shown) == first
