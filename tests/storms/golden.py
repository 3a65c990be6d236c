"""What the engine decided, told and remembered in the storms of the short set and in the lives on the edge, as digests:
a change of behaviour shows as changed seeds.

``python -m tests.storms.golden`` writes them anew; the commit that does says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.storms import edges
from tests.storms.plans import plan
from tests.storms.play import digest

FILE = Path(__file__).with_suffix(".json")
SEEDS, EDGES = range(60), range(84)


def known(part: str) -> Mapping[str, str]:
    """Seed -> digest, of the "storms" or the "edges"."""
    found: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found[part]


if __name__ == "__main__":
    made = {
        "storms": {str(seed): digest(plan(seed))[0] for seed in SEEDS},
        "edges": {str(seed): edges.digest(seed) for seed in EDGES},
    }
    FILE.write_text(json.dumps(made, indent=0) + "\n", encoding="utf-8")
