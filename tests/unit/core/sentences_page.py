"""The last part of docs/reasons.md, from what the engine really says: python -m tests.unit.core.sentences_page."""

from __future__ import annotations

from pathlib import Path

from fleetfoot.core import words
from fleetfoot.core.reasons import Code
from tests.unit.core.scenes import played

PAGE = Path(__file__).parents[3] / "docs" / "reasons.md"
MARK = "<!-- from here on generated: python -m tests.unit.core.sentences_page -->\n"
TITLE = "\n## In three languages\n\nEach sentence was said by the engine in a test, with that test's numbers.\n"


def section() -> str:
    """One list per code: the sentence in each language."""
    rows = [MARK, TITLE]
    for code in Code:
        _, reason = played(code)[0]
        rows.append(f"\n`{code.value}`\n\n")
        rows += [f"- {words.sentence(reason, lang)}\n" for lang in words.LANGUAGES]
    return "".join(rows)


def whole(text: str) -> str:
    """``text`` with its generated part made anew."""
    return text.split(MARK, maxsplit=1)[0].rstrip() + "\n\n" + section()


if __name__ == "__main__":
    PAGE.write_text(whole(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
