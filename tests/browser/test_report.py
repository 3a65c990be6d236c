"""The report in a real browser, and what it says without one."""

from __future__ import annotations

import json
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.face.report import Figure, Marker, Moment, Phase, RunReport, render, write_report
from fleetfoot.face.report.html import clock

EVIL = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"

# Runs after the page's own scripts; what it finds is read from the dumped page.
PROBE = """<script>
addEventListener('load', () => setTimeout(() => {
  document.querySelectorAll('[data-marker]')[0]?.focus();
  const out = {
    errors: window.failures, title: document.title, caption: document.getElementById('caption')?.textContent,
    charts: document.querySelectorAll('.uplot canvas').length,
    inked: [...document.querySelectorAll('.uplot canvas')].map((c) => {
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      return d.some((v) => v !== 0);
    }),
    wide: document.documentElement.scrollWidth > innerWidth,
    fits: [...document.querySelectorAll('.uplot')].every((u) => u.offsetWidth <= u.parentElement.clientWidth),
    desired: document.querySelector('#chart-capacity .u-legend')?.textContent,
  };
  const pre = document.createElement('pre');
  pre.id = 'found'; pre.textContent = JSON.stringify(out);
  document.body.append(pre);
}, 300));
</script>"""
TRAP = "<script>window.failures=[];addEventListener('error',(e)=>window.failures.push(e.message));</script>"


def report(seconds: int = 60, **more: Any) -> RunReport:
    moments = tuple(
        Moment(
            t=t,
            offered=20 if t < 20 else 200,
            completed=20 if t < 22 else 190,
            p_ms=None if t == 30 else 60 + (1500 if 20 <= t < 25 else 0),
            queue=max(0, 25 - t) if t >= 20 else 0,
            serving=2 if t < 24 else 12,
            warming=0,
            starting=10 if 21 <= t < 24 else 0,
            draining=0,
            desired=2 if t < 21 else 12,
            over=20 <= t < 25,
        )
        for t in range(seconds)
    )
    given: dict[str, Any] = {
        "title": "a run",
        "moments": moments,
        "figures": (Figure("seconds over", "5", "of 60"),),
        "markers": (
            Marker(40, "hold", "held at 12", "enough"),
            Marker(21, "grow", "2 → 12", "212 requests/s and rising", ("target wanted 11",)),
        ),
        "phases": (Phase(20, 60, "surge"),),
    }
    return RunReport(**(given | more))


def test_the_file_needs_nothing_from_anywhere() -> None:
    text = render(report())
    body = text.replace("https://github.com/leeoniya/uPlot", "")
    assert "http://" not in body
    assert "https://" not in body
    assert 'src="' not in body
    assert "@import" not in body


def test_figures_and_decisions_are_text_without_scripts() -> None:
    text = render(report())
    for words in ("seconds over", "of 60", "212 requests/s and rising", "target wanted 11", "held at 12"):
        assert words in text
    assert text.index("212 requests/s") < text.index("held at 12"), "decisions stand in the order of time"


def test_a_chart_says_in_words_what_it_shows() -> None:
    text = unescape(render(report()))
    assert "offered, 20 to 200/s" in text
    assert "60 to 1,560 ms, objective 1000 ms" in text
    assert "not measured" in unescape(render(report(moments=(Moment(0), Moment(1)))))


def test_nothing_in_a_report_can_become_markup() -> None:
    text = render(report(title=EVIL, summary=EVIL, markers=(Marker(1, "event", EVIL, EVIL, (EVIL,)),), notes=(EVIL,)))
    assert "<img" not in text
    assert "<script>document" not in text


def test_a_number_that_is_none_is_refused_rather_than_drawn() -> None:
    with pytest.raises(ValueError, match="JSON"):
        render(report(moments=(Moment(0, offered=float("nan")),)))


def test_the_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("the one before")
    with pytest.raises(ValueError, match="JSON"):
        write_report(report(objective_ms=float("inf")), path)
    assert path.read_text() == "the one before"
    write_report(report(), path)
    assert path.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("t", "text"), [(0, "0:00"), (65.34, "1:05.3"), (59.97, "1:00"), (3600, "60:00")])
def test_a_time_reads_as_minutes_and_seconds(t: float, text: str) -> None:
    assert clock(t) == text


def look(chromium: str, folder: Path, shown: RunReport, width: int = 1200) -> dict[str, Any]:
    """Open a report in chromium, touch its first decision, and say what is there."""
    return opened(chromium, folder, render(shown), width)


def opened(chromium: str, folder: Path, text: str, width: int) -> dict[str, Any]:
    """The same for any page of ours."""
    page = folder / "page.html"
    page.write_text(text.replace("<style>", TRAP + "<style>", 1).replace("</body>", PROBE + "</body>"))
    quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = "--disable-component-update --disable-sync --disable-dev-shm-usage --virtual-time-budget=3000"
    where = [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900", "--dump-dom", page.as_uri()]
    argv = [chromium, *quiet.split(), *more.split(), *where]
    dom = subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False).stdout
    assert '<pre id="found">' in dom, "the page's scripts did not come to their end"
    found = json.loads(unescape(dom.partition('<pre id="found">')[2].partition("</pre>")[0]))
    assert isinstance(found, dict)
    return found


@pytest.mark.browser
def test_four_pictures_are_drawn_and_a_decision_points_into_them(chromium: str, tmp_path: Path) -> None:
    seen = look(chromium, tmp_path, report())
    assert seen["errors"] == []
    assert seen["charts"] == 4
    assert all(seen["inked"])
    assert seen["caption"].startswith("0:21")
    assert "212 requests/s and rising" in seen["caption"]
    assert "starting10" in seen["desired"].replace(" ", "")
    assert "desired12" in seen["desired"].replace(" ", "")


@pytest.mark.browser
def test_on_a_phone_nothing_is_wider_than_the_screen(chromium: str, tmp_path: Path) -> None:
    seen = look(chromium, tmp_path, report(title="a long title " * 8), width=500)
    assert seen["errors"] == []
    assert seen["fits"]
    assert not seen["wide"]


@pytest.mark.browser
def test_hostile_words_stay_words(chromium: str, tmp_path: Path) -> None:
    seen = look(chromium, tmp_path, report(summary=EVIL, markers=(Marker(5, "grow", EVIL, EVIL),)))
    assert seen["errors"] == []
    assert seen["title"] == "a run"
    assert "taken" in seen["caption"], "shown as text"


@pytest.mark.browser
def test_a_run_too_short_for_pictures_is_still_a_page(chromium: str, tmp_path: Path) -> None:
    page = look_without_charts(chromium, tmp_path, report(seconds=1))
    assert "Too short a run for pictures." in page
    assert "212 requests/s and rising" in page


def look_without_charts(chromium: str, folder: Path, shown: RunReport) -> str:
    page = write_report(shown, folder / "page.html")
    argv = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ]
    where = [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=1000", "--dump-dom", page.as_uri()]
    return subprocess.run([*argv, *where], capture_output=True, text=True, timeout=90, check=False).stdout
