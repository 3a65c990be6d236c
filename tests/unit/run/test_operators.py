from __future__ import annotations

from fleetfoot.core.model import Operator
from fleetfoot.edge.base import OperatorAction
from fleetfoot.run.operators import Operators


def act(kind: str, now: int = 0, **more: object) -> OperatorAction:
    return OperatorAction("orders", kind, str(more.pop("who", "ana")), now, now, **more)  # type: ignore[arg-type]


def test_nobody_ordered_anything_at_first() -> None:
    assert Operators().at("orders", 5) == Operator()


def test_a_fixed_count_ends_by_itself() -> None:
    operators = Operators([act("scale", count=5, until=100)])
    assert operators.at("orders", 99) == Operator(5, False, False, 100, "ana")
    assert operators.at("orders", 100) == Operator()


def test_a_pause_of_neither_is_a_pause_of_both() -> None:
    assert Operators([act("pause")]).at("orders", 5) == Operator(None, True, True, 0, "ana")


def test_each_hold_has_its_own_end() -> None:
    operators = Operators([act("pause", growth=True, until=50), act("pause", now=1, shrink=True, until=90, who="bo")])
    assert operators.at("orders", 10) == Operator(None, True, True, 50, "bo")
    assert operators.at("orders", 60) == Operator(None, False, True, 90, "bo")


def test_resuming_growth_leaves_the_rest() -> None:
    operators = Operators([act("scale", count=5), act("pause"), act("resume", growth=True)])
    assert operators.at("orders", 10) == Operator(5, False, True, 0, "ana")


def test_resuming_ends_everything_of_that_service_only() -> None:
    other = OperatorAction("mail", "pause", "bo", 0, 0)
    operators = Operators([act("scale", count=5), act("pause"), other, act("resume")])
    assert operators.at("orders", 10) == Operator()
    assert operators.at("mail", 10).hold_growth


def test_a_permit_stands_beside_what_else_is_ordered_and_ends_by_itself() -> None:
    operators = Operators([act("scale", count=5, until=100), act("permit", until=50, who="bo")])
    assert operators.at("orders", 10) == Operator(5, False, False, 100, "ana", 50)
    assert operators.at("orders", 60) == Operator(5, False, False, 100, "ana", 0)
    operators.take(act("permit", until=500))
    operators.take(act("resume"))
    assert operators.at("orders", 60) == Operator()
