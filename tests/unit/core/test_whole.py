"""A decision unfolded says every vote, every guard in its order with the counts, and every reason in words."""

from __future__ import annotations

import pytest

from fleetfoot.core import whole, words
from fleetfoot.core.guards import RESOURCE, SERVICE
from fleetfoot.core.reasons import Code
from tests.unit.core.scenes import played

LANGUAGES = [pytest.param(lang, id=lang) for lang in words.LANGUAGES]
DECIDED = [code for code in Code if not code.value.startswith("warm_")]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", [pytest.param(code, id=code.value) for code in DECIDED])
def test_every_reason_of_a_vote_or_a_guard_is_told_in_words_and_no_number_lacks(code: Code, lang: str) -> None:
    for decision, _ in played(code):
        told = "\n".join(whole.lines(decision, lang))
        assert "?" not in told
        for trail in decision.trail:
            assert words.sentence(trail.reason, lang) in told
        for name, vote in decision.votes:
            assert name in told
            assert words.sentence(vote.reason, lang) in told


@pytest.mark.parametrize("code", [pytest.param(code, id=code.value) for code in DECIDED])
def test_the_count_goes_from_what_was_wanted_through_every_guard_to_what_was_ordered(code: Code) -> None:
    for decision, _ in played(code):
        rows = whole.facts(decision)["guards"]
        count = decision.wanted
        for row in rows:
            assert row["before"] == count
            count = row["after"]
        assert count == decision.desired
        fixed = any(reason.code == Code.OPERATOR_SCALE for reason in decision.reasons)
        asked = [name for name, _ in ((*RESOURCE,) if fixed else (*SERVICE, *RESOURCE))]
        assert [*dict.fromkeys(row["guard"] for row in rows if row["guard"] in asked)] == asked or decision.trail
