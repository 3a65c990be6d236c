"""Reasons in words: every code, every language, and no number missing."""

from __future__ import annotations

import re
import string

import pytest

from fleetfoot.core import words
from fleetfoot.core.forecast import MEMBERS
from fleetfoot.core.model import Action, Decision, Reason, State, Trail, Want
from fleetfoot.core.reasons import Code
from fleetfoot.core.sentences import (
    EXTRA,
    FLIP,
    FORECASTS,
    GROW,
    GUARD,
    HELD,
    LEARNT,
    SENTENCES,
    TERM_FIELDS,
    TERMS,
    UPPER,
    WANTED,
)
from tests.unit.core.scenes import SCENES, played
from tests.unit.core.sentences_page import PAGE, whole

LANGUAGES = [pytest.param(lang, id=lang) for lang in words.LANGUAGES]
CODES = [pytest.param(code, id=code.value) for code in Code]
LATIN = re.compile(r"[A-Za-z]{2,}")


def test_there_are_three_languages() -> None:
    assert set(words.LANGUAGES) == {"en", "ko", "ja"}
    for frame in (EXTRA, FLIP, GROW, GUARD, HELD, UPPER, WANTED, TERMS, LEARNT, FORECASTS):
        assert set(frame) == set(words.LANGUAGES)


def test_what_is_learnt_is_told_in_every_language_with_the_same_parts_and_every_forecast() -> None:
    for lang in words.LANGUAGES:
        assert set(LEARNT[lang]) == set(LEARNT["en"])
        assert set(FORECASTS[lang]) == set(MEMBERS)
    day = {"rate": 90.0, "period": 86_400_000, "at": 0, "within": 1}
    facts = {"startup_p50": None, "policies": {"slo": {"quick": None, "surges": [day]}}}
    assert words.learnt(facts, lambda _: "09:00") == "learnt: a surge to 90/s every 24 h, the next at 09:00"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_in_every_language(code: Code, lang: str) -> None:
    assert SENTENCES[lang][code].strip()
    assert set(SENTENCES[lang]) == set(Code)


@pytest.mark.parametrize("code", CODES)
def test_the_languages_say_the_same_numbers_in_different_words(code: Code) -> None:
    texts = [SENTENCES[lang][code] for lang in words.LANGUAGES]
    assert len(set(texts)) == len(texts)
    fields = [
        {re.sub(r"_(en|ko|ja)$", "", name) for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in texts
    ]
    most = set().union(*fields)
    assert all(most - each <= {"wait_s"} for each in fields)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_given_by_the_engine_and_its_sentence_lacks_no_number(code: Code) -> None:
    found = played(code)
    assert found, f"the scene of {code} does not give it"
    for decision, reason in found:
        for lang in words.LANGUAGES:
            told = words.sentence(reason, lang)
            assert "?" not in told
            assert "{" not in told
            assert told != code.value
            assert "?" not in words.tell(decision, lang)
            assert "?" not in words.votes(decision, lang)


@pytest.mark.parametrize("code", CODES)
def test_korean_and_japanese_sentences_leave_no_english_behind(code: Code) -> None:
    """Names the user gave, revisions and the words of an exit are told as they are."""
    for _, reason in played(code):
        names = [
            str(value) for field, value in reason.data.items() if isinstance(value, str) and field not in TERM_FIELDS
        ]
        for lang in ("ko", "ja"):
            told = words.sentence(reason, lang)
            for name in names:
                told = told.replace(name, "")
            assert not LATIN.search(told), told


@pytest.mark.parametrize("lang", [pytest.param("ko", id="ko"), pytest.param("ja", id="ja")])
def test_words_from_closed_lists_are_translated(lang: str) -> None:
    closed = [*State, "growth", "scale-in", "errors", "latency", "in_flight", "deeper than ever"]
    told = [words.sentence(Reason(Code.SIGNAL_UNUSABLE, {"signal": "x", "state": str(term)}), lang) for term in closed]
    assert not [each for each in told if LATIN.search(each)]
    assert len(set(told)) == len(closed)


def test_every_scene_belongs_to_a_code() -> None:
    assert set(SCENES) == set(Code)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param(212, "212", id="a whole number"),
        pytest.param(212.0, "212", id="a whole float"),
        pytest.param(212.4, "212", id="hundreds need no decimals"),
        pytest.param(8.54, "8.54", id="three figures"),
        pytest.param(0.0312, "0.0312", id="a small share"),
        pytest.param(0, "0", id="nothing"),
        pytest.param(-3.5, "-3.5", id="a negative one"),
        pytest.param("cpu", "cpu", id="a name"),
        pytest.param(True, "True", id="a truth"),
        pytest.param(float("inf"), "inf", id="without end"),
        pytest.param(float("nan"), "nan", id="no number"),
    ],
)
def test_a_figure_is_written_as_a_person_would(value: object, told: str) -> None:
    assert words.number(value) == told


def test_spans_are_told_in_seconds_and_shares_in_per_cent() -> None:
    reason = Reason(Code.COOLDOWN, {"left": 41_000})
    assert words.sentence(reason) == "cooldown for 41 s more"
    assert "50%" in words.sentence(Reason(Code.COVERAGE_LOW, {"signal": "cpu", "coverage": 0.5}))


def test_a_sentence_never_fails_for_want_of_a_number() -> None:
    assert words.sentence(Reason(Code.COOLDOWN)) == "cooldown for ? s more"


def test_a_code_from_a_later_version_is_told_as_it_is() -> None:
    assert words.sentence(Reason("from_the_future")) == "from_the_future"


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="tlh"):
        words.sentence(Reason(Code.COOLDOWN), "tlh")


def decision(current: int, desired: int) -> Decision:
    want = Want(desired, Reason(Code.DEMAND, {"rate": 212, "per_task": 14, "extra": 2}))
    action = Action.GROW if desired > current else Action.HOLD
    trail = (Trail("bounds", 20, desired, Reason(Code.ABOVE_MAXIMUM, {"maximum": desired})),)
    return Decision(
        "orders", 0, 0, action, current, desired, 20, (want.reason,), (("default", want),), trail
    )  # fmt: skip


def test_a_decision_is_told_in_one_line() -> None:
    assert words.tell(decision(8, 14)) == (
        "8 -> 14  212/s at 14/s a task, and 2 more for what has queued; bounds: 20 -> 14, the maximum is 14"
    )
    assert words.headline(decision(14, 14)) == "held at 14"
    assert words.headline(decision(14, 14), "ko") == "14개로 유지"
    assert words.headline(decision(14, 14), "ja") == "14で維持"


def test_votes_are_told_by_policy() -> None:
    assert words.votes(decision(8, 14)) == "default wanted 14"
    assert words.votes(decision(8, 14), "ja") == "defaultは14を要求"


def test_the_page_of_reasons_shows_what_the_engine_says() -> None:
    """After a change of a sentence: python -m tests.unit.core.sentences_page."""
    text = PAGE.read_text(encoding="utf-8")
    assert text == whole(text)
