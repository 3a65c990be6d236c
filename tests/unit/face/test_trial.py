"""The process of the load generator, as its caller reads it."""

from __future__ import annotations

import queue
import re

import pytest

from fleetfoot.face.trial.run import _events
from fleetfoot.face.trial.service import TrialFailed


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
