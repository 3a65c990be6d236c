"""What may race is tried once more before it is red, and the summary tells it: a race is a bug too, to be mended.

The library pytest-rerunfailures does it; here is where, and what it leaves to others: a time limit, and a clean start.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_timeout

HERE = Path(__file__).parent

#: Folders whose tests are functions of what they state. All others start processes, listen or wait for something.
PURE = tuple(HERE / name for name in ("properties", "storms", "unit/core", "unit/predict", "unit/prices", "unit/spec"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One more try for every test that is not pure."""
    for item in items:
        if not any(item.path.is_relative_to(folder) for folder in PURE):
            item.add_marker(pytest.mark.flaky(reruns=1))


def _tries(item: pytest.Item) -> int:
    return getattr(item, "execution_count", 0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Set a time limit for the second try: the failure of the first has cancelled the one that was for both."""
    if _tries(item) > 1:
        item.ihook.pytest_timeout_set_timer(item=item, settings=pytest_timeout._get_item_settings(item))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Take down what the tests of a file share before the second try: it may be what broke, and is set up again."""
    failed = getattr(item, "_test_failed_statuses", {})
    if _tries(item) == 1 and any(failed.values()):
        item.session._setupstate.teardown_exact(None)
