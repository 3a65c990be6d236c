"""The demo's fleet: whatever interrupts it, nothing of it stays."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from fleetfoot.face.trial.service import LiveService, TrialFailed
from tests.support import processes_of, wait_until

pytestmark = pytest.mark.network

NEVER = f"""
services:
  orders:
    run: {sys.executable} -c 'import time; time.sleep(600)' $PORT
    listen: 127.0.0.1:0
"""


def test_ctrl_c_while_the_fleet_starts_stops_it_and_removes_its_folder() -> None:
    service, over = LiveService(NEVER, "orders", ""), threading.Event()

    def interrupt() -> None:
        wait_until((service.state / "control.sock").exists)
        while not over.is_set():  # as a person does when nothing happens
            os.kill(os.getpid(), signal.SIGINT)
            over.wait(15)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt), service:
            pass
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert not service.folder.exists()
    assert processes_of(service.folder) == {}


def test_a_fleet_that_does_not_come_up_is_told_with_its_log_and_leaves_nothing() -> None:
    service = LiveService("services: {orders: {run: no-such-program-anywhere $PORT}}", "orders", "")
    with pytest.raises(TrialFailed, match="'no-such-program-anywhere' is not found"), service:
        pass
    assert not service.folder.exists()
