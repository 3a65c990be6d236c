"""``fleetfoot why`` and ``history``: what the journal tells of decisions, orders and people."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleetfoot.core.model import Action, Decision, Reason, Receipt, Trail, Want
from fleetfoot.edge.base import OperatorAction, Order
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.face.cli import main

NOW = round(time.time() * 1000) - 120_000
SHIFT = 777  # the controller's now is not the wall


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder whose journal tells of a surge, a refused order and two people."""
    journal = SqliteJournal(tmp_path / "journal.db")
    demand = Reason("demand", {"rate": 212.0, "per_task": 14.0, "extra": 2})
    trail = Trail("rate", 20, 14, Reason("rate_of_change", {"allowed": 14}))
    now = NOW + SHIFT
    votes = (("default", Want(20, demand, True)),)
    grow = Decision("orders", now, NOW, Action.GROW, 8, 14, 20, (demand,), votes, (trail,), onset=now - 400)
    hold = grow._replace(
        now=now + 1000, wall=NOW + 1000, action=Action.HOLD, current=14, reasons=(Reason("starting", {"starting": 6}),),
        trail=(),
    )  # fmt: skip
    for decision in (grow, hold):
        journal.decide(decision)
    order = Order(f"orders@{now}", "orders", 8, 14, now, NOW, onset=now - 400)
    journal.open(order)
    journal.complete(Receipt(order.id, "orders", 14, True, now + 10))
    journal.stamp(order.id, {"last_ready": now + 31_000, "back": now + 62_000})
    failed = Order(f"orders@{now + 5000}", "orders", 14, 15, now + 5000, NOW + 5000)
    journal.open(failed)
    journal.complete(Receipt(failed.id, "orders", 15, False, now + 5010, "no room"))
    journal.operate(
        OperatorAction(
            "orders", "scale", "ana", now + 9000, NOW + 9000, count=10, until=now + 69_000, reason="a launch"
        )
    )
    journal.operate(OperatorAction("orders", "pause", "bo", now + 9500, NOW + 9500, shrink=True))
    journal.close()
    return tmp_path


def test_why_shows_what_was_decided_wanted_corrected_and_what_became_of_it(state: Path) -> None:
    told = call("why", "orders", "--state", str(state)).output
    assert "8 -> 14  212/s at 14/s a task" in told
    assert "the rate of change allows 14" in told
    assert "default wanted 20" in told
    assert "commanded 0.4 s after the estimated onset, last task serving" in told
    assert "held at 14  still starting: 6" in told
    assert "ana fixed it at 10 tasks until" in told


def test_why_takes_a_moment(state: Path) -> None:
    ago = f"{round(time.time() - NOW / 1000)} s ago"  # however long the tests before took
    for when in (ago, time.strftime("%H:%M:%S", time.localtime(NOW / 1000))):
        assert "8 -> 14" in call("why", "orders", when, "--state", str(state)).output


def test_why_of_a_quiet_moment_tells_what_still_held(state: Path) -> None:
    told = call("why", "orders", "now", "--state", str(state)).output
    assert "held at 14" in told


def test_why_before_there_was_anything_says_so(state: Path) -> None:
    assert call("why", "orders", "5 days ago", "--state", str(state)).output == "nothing was decided or ordered then\n"


@pytest.mark.parametrize("lang", ["ko", "ja"])
def test_why_and_history_speak_other_languages(state: Path, lang: str) -> None:
    for verb in (["why", "orders"], ["history"]):
        told = call(*verb, "--state", str(state), "--lang", lang)
        assert told.exit_code == 0
        assert "last task serving" not in told.output


def test_why_and_history_as_json_carry_decision_order_and_actions(state: Path) -> None:
    told = json.loads(call("why", "orders", "--state", str(state), "--json").output)
    assert told["decisions"][0]["decision"]["desired"] == 14
    assert told["decisions"][0]["order"]["commanded"] == NOW + SHIFT + 10
    told = json.loads(call("history", "--state", str(state), "--json").output)
    assert [order["ok"] for order in told["orders"]] == [True, False]
    assert [action["who"] for action in told["actions"]] == ["ana", "bo"]


def test_history_lists_orders_and_people_in_the_order_of_time(state: Path) -> None:
    lines = call("history", "--state", str(state)).output.splitlines()
    assert len(lines) == 4
    assert "8 -> 14  commanded" in lines[0]
    assert "14 -> 15  not carried out: no room" in lines[1]
    assert "ana fixed it at 10 tasks until" in lines[2]
    assert "bo paused scale-in" in lines[3]


def test_history_goes_no_further_back_than_asked(state: Path) -> None:
    told = call("history", "--since", "1m", "--state", str(state)).output
    assert told == "nothing was decided or ordered then\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["why", "nobody"], "no service 'nobody': there are orders"),
        (["why", "orders", "sometime"], "'sometime' is no time"),
        (["history", "--since", "long"], "'long' is no length of time"),
        (["history", "nobody"], "no service 'nobody': there are orders"),
        (["status"], "is `fleetfoot up` or `fleetfoot control` running?"),
        (["scale", "orders", "5"], "is `fleetfoot up` or `fleetfoot control` running?"),
        (["scale", "orders", "-1"], "is `fleetfoot up` or `fleetfoot control` running?"),
        (["scale", "orders", "5", "--for", "ever"], "'ever' is no length of time"),
        (["resume", "orders"], "is `fleetfoot up` or `fleetfoot control` running?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_are_one_line_with_exit_code_2(state: Path, words: list[str], why: str) -> None:
    result = call(*words, "--state", str(state))
    assert result.exit_code == 2
    assert why in result.output
    assert result.output.startswith("fleetfoot: ")
    assert len(result.output.splitlines()) == 1
