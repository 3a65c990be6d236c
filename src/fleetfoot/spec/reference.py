"""The reference of fleetfoot.yaml in Markdown, from the models.

``python -m fleetfoot.spec.reference docs/fleetfoot-yaml.md`` writes it anew below the page's marker;
a test fails while the page differs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fleetfoot.spec.file import Spec
from fleetfoot.spec.part import Part
from fleetfoot.spec.policies import KINDS
from fleetfoot.spec.schema import inner_part, rows, summary

NAMED = ("services", "signals", "classes", "databases")
"""Keys whose mappings have names of the user's own."""
MARKER = "<!-- from here on generated from the models: python -m fleetfoot.spec.reference docs/fleetfoot-yaml.md -->"


def reference() -> str:
    """Every key of every part: what it takes, its default, what it says and why."""
    return "\n".join(line for title, part in _sections("", Spec) for line in _section(title, part))


def page(text: str) -> str:
    """``text`` with everything below the marker made anew. Raises ValueError without a marker."""
    head, marker, _ = text.partition(MARKER)
    if not marker:
        raise ValueError(f"the page has no line: {MARKER}")
    return f"{head}{MARKER}\n\n{reference()}"


def _sections(path: str, part: type[Part]) -> list[tuple[str, type[Part]]]:
    found = [(path or "The file", part)]
    for name, field in part.model_fields.items():
        key = field.alias or name
        inner = inner_part(field)
        if inner is not None:
            below = path if name in part.hidden else f"{path}.{key}".removeprefix(".")
            found += _sections(f"{below}.NAME" if key in NAMED or name in part.hidden else below, inner)
        elif key == "policies":
            for kind, policy in KINDS.items():
                found += _sections(f"{path}.policies: {kind}", policy)
    return found


def _section(title: str, part: type[Part]) -> list[str]:
    name = title if title == "The file" else f"`{title}`"
    lines = [f"## {name}", "", summary(part), ""]
    if part.example:
        lines += [f"    {part.example}", ""]
    lines += ["| key | takes | default | what it says |", "|---|---|---|---|"]
    for row in rows(part):
        cells = [f"`{row.key}`", row.takes, f"`{row.default}`" if row.default else "", row.text]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [*lines, ""]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")
