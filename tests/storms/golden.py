"""What the engine decided in the storms of the short set, as digests: a change of behaviour shows as changed seeds.

``python -m tests.storms.golden`` writes them anew; the commit that does says why.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.storms.plans import plan
from tests.storms.play import digest

FILE = Path(__file__).with_suffix(".json")
SEEDS = range(60)


def known() -> dict[str, str]:
    """Seed -> digest."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    FILE.write_text(json.dumps({str(seed): digest(plan(seed))[0] for seed in SEEDS}, indent=0) + "\n", encoding="utf-8")
