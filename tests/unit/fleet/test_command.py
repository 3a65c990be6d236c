"""From what the user wrote to what the shell runs."""

from __future__ import annotations

import subprocess

import pytest

from fleetfoot.fleet.command import argv


@pytest.mark.parametrize(
    ("command", "line"),
    [
        pytest.param("uvicorn app:app --port $PORT", "exec uvicorn app:app --port $PORT", id="plain"),
        pytest.param("  serve  ", "exec serve", id="spaces"),
        pytest.param("WORKERS=2 serve", "exec env WORKERS=2 serve", id="an-assignment"),
        pytest.param("serve > out 2>&1", "exec serve > out 2>&1", id="redirections"),
        pytest.param("python -c 'a; b && c'", "exec python -c 'a; b && c'", id="operators-in-quotes"),
        pytest.param("cd app && serve", "cd app && serve", id="two-commands"),
        pytest.param("migrate; serve", "migrate; serve", id="a-sequence"),
        pytest.param("serve | tee out", "serve | tee out", id="a-pipe"),
        pytest.param("a\nb", "a\nb", id="two-lines"),
        pytest.param("serve ''", "exec serve ''", id="an-empty-word"),
        pytest.param("serve 'open", "exec serve 'open", id="an-open-quote-is-for-the-shell-to-tell"),
    ],
)
def test_the_command_takes_the_place_of_the_shell_where_it_can(command: str, line: str) -> None:
    assert argv(command) == ["/bin/sh", "-c", line]


@pytest.mark.parametrize(
    ("command", "out"),
    [
        pytest.param("GREETING='good day' sh -c 'echo $GREETING'", "good day", id="an-assignment-with-quotes"),
        pytest.param("true && echo done", "done", id="the-second-command-runs"),
    ],
)
def test_the_shell_runs_it_as_written(command: str, out: str) -> None:
    assert subprocess.run(argv(command), capture_output=True, text=True, check=True).stdout.strip() == out
