"""What is under way when its task is to leave: nothing of it is cut before the stop timeout."""

from __future__ import annotations

import pytest

from tests.drains import SLACK_S, scale_in
from tests.faults import Fleet
from tests.support import processes_of, wait_until

pytestmark = [pytest.mark.network, pytest.mark.slow]


def test_a_scale_in_cuts_no_transfer_before_the_stop_timeout_also_of_tasks_that_ignore_sigterm(kind: str) -> None:
    with Fleet(3, balancer=kind, least=1, drain="2s", stop="3s", deaf=True) as fleet:
        made = scale_in(fleet, 3, each=5, allowed_s=5)
        assert made.whole["downloads"] == made.whole["uploads"] == 5, made
        assert made.cut_before(made.ordered + 5 - SLACK_S) == 0, made
        assert made.cut["websockets"], made
        fleet.whole(1)
        wait_until(lambda: len(fleet.told()["exits"]) == 2, what="two ends")
        assert {row[4] for row in fleet.told()["exits"]} == {"killed after the stop timeout"}
        fleet.stop()
        assert not processes_of(fleet.folder)
