from __future__ import annotations

import json
import queue
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleetfoot.core.model import Action, Decision, Reason, Receipt, Trail, Want
from fleetfoot.edge.base import OperatorAction, Order
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.face.cli import VERBS, main
from fleetfoot.face.cli.up import cannot_run, first_word, prepare, rolled_back
from fleetfoot.face.trial.run import _events
from fleetfoot.face.trial.service import TrialFailed
from fleetfoot.run.fleetfile import revision_of
from fleetfoot.spec import Service, loads

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


def test_without_a_file_a_state_folder_or_a_journal_it_is_said(tmp_path: Path) -> None:
    result = call("status", "-f", str(tmp_path / "fleetfoot.yaml"))
    assert result.exit_code == 2
    assert "--state" in result.output
    result = call("why", "orders", "--state", str(tmp_path))
    assert "no journal" in result.output


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_has_help(verb: str) -> None:
    result = call(verb, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_an_unknown_verb_is_refused() -> None:
    assert call("fly").exit_code == 2


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("uvicorn app:app --port $PORT", "uvicorn"),
        ("A=1 B='x y' ./serve", "./serve"),
        ("A=1", None),
        ("'open quote", None),
    ],
)
def test_the_first_word_is_the_program(command: str, word: str | None) -> None:
    assert first_word(command) == word


def service(text: str) -> Service:
    return loads(f"services: {{tiny: {{{text}}}}}").services["tiny"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("run: no-such-program --port $PORT", "'no-such-program' is not found"),
        ("run: ./no-such-file", "'./no-such-file' is not found"),
        ("run: sh serve.sh, directory: nowhere", "no directory"),
        ("run: sh serve.sh, env: {PATH: /nowhere}", "'sh' is not found"),
        ("target: dryrun", "no command"),
    ],
    ids=["program", "file", "directory", "path", "nothing"],
)
def test_a_service_that_cannot_run_is_told_why(tmp_path: Path, text: str, why: str) -> None:
    (problem,) = cannot_run(service(text), tmp_path / "fleetfoot.yaml")
    assert why in problem


@pytest.mark.parametrize("command", ["sh -c true", "cd app && ./serve", "$PROGRAM --port $PORT", "PORT=1 sh serve.sh"])
def test_what_only_the_shell_can_judge_is_left_to_it(tmp_path: Path, command: str) -> None:
    assert cannot_run(service(f"run: {json.dumps(command)}"), tmp_path / "fleetfoot.yaml") == []


def test_up_leaves_the_keeper_a_file_it_understands_and_the_controller_the_words_as_written(tmp_path: Path) -> None:
    from fleetfoot.face.upfile import Up
    from fleetfoot.fleet import settings

    text = """
services:
  tiny:
    run: sh serve.sh
    health: {readiness: {path: /healthz}, liveness: {path: /alive}}
    task: {zones: [a, b], throughput: 20/s}
    balancer: {max body: 1 MB}
  other: {run: sh other.sh}
"""
    file = tmp_path / "fleetfoot.yaml"
    file.write_text(text)
    spec = loads(text, str(file))
    fleet = settings.load(prepare(spec, file, tmp_path / "state", "ko"))
    tiny = fleet.services[0]
    assert (tiny.name, tiny.zones, tiny.throughput, tiny.min, tiny.initial) == ("tiny", ("a", "b"), 20.0, 1, 1)
    assert tiny.directory == str(tmp_path)
    assert tiny.health.liveness is not None
    assert tiny.health.liveness.path == "/alive"
    assert fleet.services[1].listen == "127.0.0.1:8081"
    assert fleet.controller is not None
    up = Up.read(tmp_path / "state" / "up.json")
    assert (up.text, up.lang, up.state) == (text, "ko", tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o77 == 0


def test_a_revision_changes_when_what_runs_changes_and_not_otherwise(tmp_path: Path) -> None:
    from fleetfoot.run.fleetfile import directory_of, revision_of

    def revision(text: str) -> str:
        one = service(text)
        return revision_of(one, directory_of(one, tmp_path / "fleetfoot.yaml"))

    assert revision("run: a") == revision("run: a, capacity: {max: 3}")
    assert len({revision(t) for t in ("run: a", "run: b", "run: a, env: {X: 1}", "run: a, directory: d")}) == 4


@pytest.mark.parametrize("command", [None, "sh serve.sh --port $PORT"], ids=["example", "own"])
def test_init_writes_a_file_that_check_explains(tmp_path: Path, command: str | None) -> None:
    file = tmp_path / "fleetfoot.yaml"
    assert call("init", *([command] if command else []), "-f", str(file)).exit_code == 0
    told = call("check", "-f", str(file))
    assert told.exit_code == 0
    assert "95% of the requests within 1s" in told.output
    if command:
        assert loads(file.read_text()).services["app"].run == command


def test_init_writes_over_nothing_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("mine")
    refused = call("init", "-f", str(file))
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert file.read_text() == "mine"
    assert call("init", "-f", str(file), "--force").exit_code == 0
    assert call("init", "-f", str(tmp_path / "no" / "folder.yaml")).exit_code == 2
    assert "no name of a service" in call("init", "--name", "My App", "-f", str(file)).output


def test_check_gives_every_mistake_where_it_is_with_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("services:\n  a:\n    run: x\n    capacity: {min: 5, max: 2}\n    obective: {}\n")
    told = call("check", "-f", str(file))
    assert told.exit_code == 2
    assert [line.split(": ")[0] for line in told.output.splitlines()] == [f"{file}:4:29", f"{file}:5:5"]
    assert "did you mean 'objective'?" in told.output
    rows = json.loads(call("check", "-f", str(file), "--json").output)
    assert [row["line"] for row in rows["errors"]] == [4, 5]


def test_check_takes_its_file_as_simulate_does(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("services: {a: {}}\n")
    told = call("check", str(file))
    assert told.exit_code == 2
    assert told.output == call("check", "-f", str(file)).output != ""


def test_check_says_what_up_would_refuse(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("services: {a: {run: no-such-program}}")
    assert "would refuse: a: the command 'no-such-program' is not found" in call("check", "-f", str(file)).output
    told = json.loads(call("check", "-f", str(file), "--json").output)
    assert told["ok"]
    assert len(told["cannot_run"]) == 1
    assert call("check", "-f", str(tmp_path / "none.yaml"), "--json").exit_code == 2


def test_schema_prints_the_json_schema() -> None:
    told = json.loads(call("schema").output)
    assert "services" in told["properties"]


def test_up_warns_of_a_version_that_was_rolled_back_until_the_file_has_another(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    bad, good = (loads(f"services: {{orders: {{run: {word} $PORT}}}}") for word in ("bad", "good"))
    revision = revision_of(bad.services["orders"], tmp_path)
    assert rolled_back(bad, file, tmp_path) == []  # there is no journal yet
    journal = SqliteJournal(tmp_path / "journal.db")
    way = f"{revision} -> 1a2b3c4d: the readiness check answered 500"
    journal.operate(OperatorAction("orders", "rolled back", "fleetfoot", NOW + SHIFT, NOW, reason=way))
    journal.close()
    [told] = rolled_back(bad, file, tmp_path)
    assert told.startswith(f"orders: version {revision}, which this file has, was rolled back at ")
    assert "the readiness check answered 500" in told
    assert rolled_back(good, file, tmp_path) == []


def test_a_version_that_came_in_after_a_rollback_is_not_warned_of(tmp_path: Path) -> None:
    spec = loads("services: {orders: {run: bad $PORT}}")
    revision = revision_of(spec.services["orders"], tmp_path)
    journal = SqliteJournal(tmp_path / "journal.db")
    for at, kind in enumerate(("rolled back", "updated")):
        journal.operate(
            OperatorAction("orders", kind, "fleetfoot", NOW + SHIFT + at, NOW + at, reason=f"{revision} -> 1a2b")
        )
    journal.close()
    assert rolled_back(spec, tmp_path / "fleetfoot.yaml", tmp_path) == []


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (['{"event": "second"}\n', '{"event": "sec'], 'ended in the middle of a line: \'{"event": "sec\''),
        (["Traceback (most recent call last):\n"], "ended in the middle of a line: 'Traceback"),
    ],
    ids=["cut short", "no JSON"],
)
def test_a_load_process_that_ends_in_mid_line_is_told_in_words(lines: list[str], why: str) -> None:
    given: queue.Queue[str | None] = queue.Queue()
    for line in (*lines, None):
        given.put(line)
    with pytest.raises(TrialFailed, match=re.escape(why)):
        list(_events(given, 10.0))
