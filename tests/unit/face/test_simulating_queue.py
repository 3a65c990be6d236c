"""``fleetfoot simulate`` of a queue's workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main

TASK = "task: {throughput: 0.5/s, startup: 5s}"
POLICY = "backlog: {signal: jobs, per task: 10}"


def call(folder: Path, *words: str, task: str = TASK, policy: str = POLICY, verb: str = "simulate") -> Result:
    file = folder / "fleetfoot.yaml"
    file.write_text(
        "services:\n"
        f"  thumbs: {{run: worker --port $PORT, capacity: {{min: 0, max: 20}}, {task}, "
        f"signals: {{jobs: {{from: agent}}}}, policies: [{policy}]}}\n"
    )
    return CliRunner().invoke(main, [verb, str(file), *words])


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_a_thousand_messages_at_ten_a_worker_make_twenty_workers_and_then_none(tmp_path: Path) -> None:
    """1,000 / 10 are 100, and 20 is the most; a message is 2 s of work, so 1,000 are 2,000 s."""
    found = told(call(tmp_path, "--traffic", "1000@1s,0@15m", "--decisions", "--json"))
    assert (found["most_workers"], found["left"], found["decisions"][-1]["to"]) == (20, 0, 0)
    assert found["decisions"][0]["from"] == 0
    assert found["messages"] == pytest.approx(1000, abs=100)
    assert found["work_hours"] == pytest.approx(found["messages"] * 2 / 3600)


def test_it_is_shown_as_a_picture_with_its_waits(tmp_path: Path) -> None:
    shown = call(tmp_path, "--traffic", "2@5m", "--decisions", "--lang", "ko").stdout
    for words in ("messages", "waiting", "█", "median, 95 %, longest", "worker-hours", "태스크"):
        assert words in shown


@pytest.mark.parametrize(
    ("words", "task", "said"),
    [
        pytest.param(["--plant", "hostile"], TASK, "simulated without --beside, --plant", id="a plant of requests"),
        pytest.param([], "task: {startup: 5s}", "task.throughput is missing", id="nobody knows what a message takes"),
    ],
)
def test_what_cannot_be_simulated_is_told(tmp_path: Path, words: list[str], task: str, said: str) -> None:
    result = call(tmp_path, "--traffic", "2@5m", *words, task=task)
    assert (result.exit_code, said in result.stderr) == (2, True)


def test_the_queue_of_the_balancer_is_one_of_requests(tmp_path: Path) -> None:
    found = told(call(tmp_path, "--traffic", "2@5m", "--json", policy="backlog: {signal: queue, per task: 10}"))
    assert "seconds_over" in found


@pytest.mark.parametrize("verb", ["compare", "tune"])
def test_verbs_that_play_requests_only_say_so_of_workers(tmp_path: Path, verb: str) -> None:
    result = call(tmp_path, "--traffic", "2@5m", verb=verb)
    assert result.exit_code == 2
    assert "thumbs works on a queue: `fleetfoot simulate` plays it" in result.stderr
