"""Pass or fail."""

from __future__ import annotations

import pytest

from fleetfoot.load.verdict import Counts, Objective, judge, parse_objective, span

HOUR = Objective(0.95, 1000, 0.01)


def test_five_bad_of_a_hundred_are_within_a_p95() -> None:
    assert judge(HOUR, Counts(ok=95, late=5)).passed
    assert not judge(HOUR, Counts(ok=94, late=6)).passed


def test_failing_fast_counts_as_slow() -> None:
    assert not judge(Objective(0.95, 1000, errors=0.5), Counts(ok=90, errors=10)).passed


@pytest.mark.parametrize("kind", ["refused", "errors", "failed", "timed_out"])
def test_every_kind_of_lost_request_counts_as_an_error(kind: str) -> None:
    verdict = judge(HOUR, Counts(ok=98)._replace(**{kind: 2}))
    assert [check.ok for check in verdict.checks] == [True, False]
    assert not verdict.passed


def test_late_answers_are_no_errors() -> None:
    verdict = judge(HOUR, Counts(late=100))
    assert [check.ok for check in verdict.checks] == [False, True]


def test_a_run_without_an_ended_request_does_not_pass() -> None:
    assert not judge(HOUR, Counts()).passed
    assert not judge(HOUR, Counts(unfinished=7)).passed


def test_requests_open_at_an_interrupt_are_not_judged() -> None:
    assert judge(HOUR, Counts(ok=100, unfinished=50)).passed


def test_almost_all_does_not_read_as_all() -> None:
    good = judge(HOUR, Counts(ok=99_999, late=1)).checks[0]
    assert good.found == "99.999 %"


@pytest.mark.parametrize(
    ("text", "errors", "objective"),
    [
        ("p95=1s", "1%", Objective(0.95, 1000, 0.01)),
        ("p99.9 = 250 ms", "0.1 %", Objective(0.999, 250, 0.001)),
        ("p50=0.5s", "0%", Objective(0.5, 500, 0)),
    ],
)
def test_an_objective_is_read(text: str, errors: str, objective: Objective) -> None:
    assert parse_objective(text, errors) == pytest.approx(objective)


@pytest.mark.parametrize(("text", "errors"), [("95=1s", "1%"), ("p100=1s", "1%"), ("p95=1", "1%"), ("p95=0s", "1%")])
def test_what_is_no_objective_is_refused(text: str, errors: str) -> None:
    with pytest.raises(ValueError, match=r"objective|within"):
        parse_objective(text, errors)


@pytest.mark.parametrize("errors", ["1", "101%", "some"])
def test_what_is_no_share_is_refused(errors: str) -> None:
    with pytest.raises(ValueError, match="share"):
        parse_objective("p95=1s", errors)


@pytest.mark.parametrize(
    ("ms", "text"), [(0.4242, "0.424 ms"), (42.21, "42.2 ms"), (999, "999 ms"), (1250, "1.25 s"), (123_456, "123 s")]
)
def test_a_span_reads_well(ms: float, text: str) -> None:
    assert span(ms) == text
