"""Draws docs/loop.svg, the loop with its policies and guards in their order, from the tables the engine runs on.

    .venv/bin/python scripts/picture.py            # or: make picture

A test holds the file equal to what this prints, so the picture cannot lie.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from fleetfoot.core.guards import RESOURCE, SERVICE
from fleetfoot.core.policies import POLICIES
from fleetfoot.spec.policies import KINDS
from fleetfoot.spec.signals import UNITS

OUT = Path(__file__).resolve().parents[1] / "docs" / "loop.svg"

WIDTH, TOP, ROW, BOX, GAP, LEFT = 1080, 92, 24, 184, 34, 24
INK, SOFT, LINE, PURE = "#1c2733", "#5a6b7d", "#8fa1b3", "#eaf3ee"

Column = tuple[str, str, list[str]]  # the verb, what it is, its rows


def columns() -> list[Column]:
    """The five verbs. Rows of decide and guard are the tables themselves, in their order."""
    assert set(KINDS) == set(POLICIES), "every policy has a spec and an engine"
    guards = [f"{number}. {name}" for number, (name, _) in enumerate(SERVICE, 1)]
    guards += ["— arbiter: the grant"]
    guards += [f"{number}. {name}" for number, (name, _) in enumerate(RESOURCE, len(SERVICE) + 1)]
    return [
        ("observe", "signals and the fleet", [*UNITS, "app.NAME (agent)"]),
        ("decide", "each policy votes", [*POLICIES, "— the largest wish wins", "— blind blocks shrink"]),
        ("guard", "in this order", guards),
        ("act", "one absolute count", ["— recorded before it goes out", "target: deadline, once", "receipt"]),
        ("record", "held decisions too", ["observation", "decision, reasons", "receipt, stamps"]),
    ]


def text(x: float, y: float, words: str, size: int = 14, fill: str = INK, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}"{more}>{escape(words)}</text>'


def column(index: int, found: Column, height: int) -> list[str]:
    verb, what, rows = found
    x, pure = LEFT + index * (BOX + GAP), verb in ("decide", "guard")
    parts = [
        (
            f'<rect x="{x}" y="{TOP - 40}" width="{BOX}" height="{height}" rx="8" fill="{PURE if pure else "#ffffff"}" '
            f'stroke="{LINE}"/>'
        ),
        text(x + 14, TOP - 14, verb, 18, more=' font-weight="600"'),
        text(x + 14, TOP + 6, what, 12, SOFT),
    ]
    for number, row in enumerate(rows):
        soft = row.startswith("— ")
        parts.append(text(x + 14, TOP + 34 + number * ROW, row.removeprefix("— "), 13, SOFT if soft else INK))
    if index < 4:
        y = TOP - 20
        parts.append(f'<path d="M{x + BOX + 5} {y}h{GAP - 14}" stroke="{INK}" fill="none" marker-end="url(#tip)"/>')
    return parts


def picture() -> str:
    """The whole SVG as text."""
    found = columns()
    height = 70 + ROW * max(len(rows) for _, _, rows in found)
    bottom = TOP - 40 + height
    first, last = LEFT + BOX / 2, LEFT + 4 * (BOX + GAP) + BOX / 2
    names = ", ".join(verb for verb, _, _ in found)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 20} {bottom + 70}" '
            'font-family="system-ui, sans-serif" role="img" aria-labelledby="title">'
        ),
        f'<title id="title">The loop, once a second: {names}</title>',
        (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            f'<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker></defs>'
        ),
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        text(LEFT, 32, "Once a second, for every service; a growing queue wakes it earlier", 16),
    ]
    for index, part in enumerate(found):
        parts += column(index, part, height)
    parts += [
        f'<path d="M{last:g} {bottom + 6}v20H{first:g}v-20" stroke="{INK}" fill="none" marker-end="url(#tip)"/>',
        text(
            LEFT,
            bottom + 54,
            "Green: pure. Settings, memory and an observation with the time in it go in; a decision comes out.",
            12,
            SOFT,
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    OUT.write_text(picture(), encoding="utf-8")
    print(f"wrote {OUT.relative_to(OUT.parents[1])}")
