"""A table of wrong files and exactly what is said about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.spec import SpecErrors, loads
from tests.unit.spec.lines import errors_of, rows, service

ROWS = [row for path in sorted(Path(__file__).with_name("wrong").glob("*.txt")) for row in rows(path)]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(t, e, id=i) for i, t, e in ROWS])
def test_a_wrong_file_is_told_exactly(text: str, expected: list[str]) -> None:
    assert errors_of(text) == expected


def test_an_error_has_its_parts() -> None:
    with pytest.raises(SpecErrors) as refusal:
        loads(service("target: lokal"), "my.yaml")
    (error,) = refusal.value.errors
    assert (error.file, error.line, error.column, error.key) == ("my.yaml", 4, 13, "services.a.target")
    assert (error.value, error.suggestion) == ("lokal", "did you mean 'local'?")
    assert str(refusal.value) == str(error)


def test_no_words_of_the_model_library_reach_the_user() -> None:
    told = "\n".join(line for _, text, _ in ROWS for line in errors_of(text))
    assert told
    assert not any(word in told.lower() for word in ("pydantic", "validation", "type=", "input_value"))


def test_an_error_in_an_aliased_part_is_told_once_where_it_stands() -> None:
    text = "services:\n  a: &a {run: x, capacity: {min: x}}\n  b: {<<: *a, listen: 9000}\n"
    assert errors_of(text) == ["f:2:34: services.a.capacity.min: 'x' is not a whole number: write 0, 1 or 12"]
