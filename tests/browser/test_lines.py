"""Lines and tables of the pages without scripts: in words too, and on every screen."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from fleetfoot.face.report.html import page
from fleetfoot.face.report.lines import POINTS, Line, chart, spread, table
from tests.browser.test_report import EVIL, opened

COLUMNS = ("", *(f"a long heading {i}" for i in range(6)))
ROWS = [(f"row {i}", *("1,234 of 5,678",) * 6) for i in range(3)]


def picture(title: str = "Requests/s") -> str:
    past = Line("past", "var(--offered)", spread([3.0, 7.4, 5.0]))
    return chart(
        title, [past, Line("ahead", "var(--serving)", [(0.5, 5.0), (1.0, 9.0)], dashed=True)], [(0.0, "09:00")]
    )


def test_a_chart_says_in_words_what_each_line_shows() -> None:
    assert "Requests/s: past: 3 to 7; ahead: 5 to 9" in unescape(picture())


def test_a_chart_of_nothing_is_drawn_all_the_same() -> None:
    assert "<polyline" in chart("Bad", [Line("measured", "red", spread([]))], [])


def test_of_many_seconds_the_highest_of_each_stretch_is_drawn() -> None:
    values = [0.0] * 5000
    values[2501] = 40.0
    drawn = spread(values)
    assert len(drawn) == POINTS
    assert max(value for _, value in drawn) == 40.0
    assert (drawn[0][0], drawn[-1][0]) == (0.0, 1.0)


def test_no_name_becomes_markup() -> None:
    assert "<img" not in picture(EVIL) + chart("x", [Line(EVIL, "red", [(0.0, 1.0)])], [(0.0, EVIL)])
    assert "<img" not in table((EVIL,), [(EVIL, EVIL)], EVIL)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 500])
def test_a_page_of_lines_and_tables_fits_the_screen(chromium: str, tmp_path: Path, width: int) -> None:
    header = f"<header><h1>x</h1><p>under {'flash:base=40,peak=200,' * 9}</p></header>"
    seen = opened(chromium, tmp_path, page("x", header + picture() + table(COLUMNS, ROWS, "Back-test")), width)
    assert seen["errors"] == []
    assert not seen["wide"]
