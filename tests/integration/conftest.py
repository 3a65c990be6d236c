"""Fixtures of several files here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleetfoot_agent import Agent
from tests.receivers import Controller


@pytest.fixture
def controller() -> Iterator[Controller]:
    made = Controller()
    try:
        yield made
    finally:
        made.stop()
        made.socket.close()


@pytest.fixture
def agent() -> Iterator[Agent]:
    made = Agent()
    yield made
    made.stop()
