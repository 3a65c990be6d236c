"""Our own processes are started so that nothing in the user's folder stands in for a library."""

from __future__ import annotations

import re
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"
STARTED = re.compile(r'"-m",\s*"fleetfoot')


def test_every_process_of_ours_leaves_the_users_folder_out_of_the_import_path() -> None:
    starts = 0
    for file in SOURCES.rglob("*.py"):
        text = file.read_text()
        for match in STARTED.finditer(text):
            starts += 1
            assert text[: match.start()].rstrip().endswith('"-P",'), f"{file}: python -P is missing"
    assert starts >= 4
