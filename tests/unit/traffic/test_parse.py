"""Traffic written in one line."""

from __future__ import annotations

import pytest

from fleetfoot.traffic import parse, shapes


@pytest.mark.parametrize(
    ("text", "value"),
    [("500ms", 0.5), ("30s", 30), ("30", 30), ("1m30s", 90), ("2h", 7200), ("1.5m", 90), (" 1 m 5 s ", 65)],
)
def test_a_span_is_read_with_its_unit(text: str, value: float) -> None:
    assert parse.seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "10 parsecs", "-5s", "1m30", "5s later"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse.seconds(text)


def test_a_rate_is_read_per_second_minute_or_hour() -> None:
    assert parse.rate("200") == parse.rate("200/s") == parse.rate("12000/m") == 200
    with pytest.raises(ValueError, match="not a rate"):
        parse.rate("200/fortnight")


def test_stages_are_steady_or_ramps() -> None:
    assert parse.stages("20@30s,20..200@10s,200@1m") == shapes.Lines(
        (shapes.Piece(30, 20, 20), shapes.Piece(10, 20, 200), shapes.Piece(60, 200, 200))
    )


@pytest.mark.parametrize("text", ["20", "20@", "@30s", "20@30s,", "20@30s,x@1s"])
def test_broken_stages_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"stage|rate|time"):
        parse.stages(text)


def test_a_shape_is_read_by_name() -> None:
    assert parse.shape("flash:base=20,peak=200,at=10s,half=1m") == shapes.Flash(20, 200, at=10, half=60)
    assert parse.shape("day:mean=100,swing=60,period=2m,start=30s") == shapes.Day(100, 60, 120, 30)
    assert parse.shape("ramp:start=0,end=100,over=20s") == shapes.ramp(0, 100, 20)
    assert parse.shape("sawtooth:low=1,high=9,period=5s,times=3") == shapes.sawtooth(1, 9, 5, 3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("flsh:base=1", "did you mean flash", id="misspelt"),
        pytest.param("flash:base=1,peek=2", "it takes base, peak", id="unknown key"),
        pytest.param("flash:base=20", "flash needs peak; for example", id="lacking key"),
        pytest.param("flash:base=20,peak=much", "not a rate", id="bad rate"),
        pytest.param("day:mean=10,swing=20", "between 0 and the mean", id="impossible"),
        pytest.param("onoff:on=1,off=0,on_for=1s,off_for=1s,times=2.5", "whole number", id="half a time"),
    ],
)
def test_a_shape_that_cannot_be_read_says_what_it_takes(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse.shape(text)


def test_only_an_endless_shape_takes_the_default_length() -> None:
    assert parse.finite(shapes.steady(5), None, 60).duration == 60
    assert parse.finite(shapes.steady(5, 10), None, 60).duration == 10
    assert parse.finite(shapes.steady(5, 10), 4, 60).duration == 4
