from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.spec.errors import Wrong
from fleetfoot.spec.forms import FlagForm, Form, NumberForm, TextForm, WholeForm
from fleetfoot.spec.money import Exchange, ExchangeForm, Money, MoneyForm, Price, PriceForm
from fleetfoot.spec.units import (
    Allowance,
    AllowanceForm,
    ByteRateForm,
    DurationForm,
    RateForm,
    SecondsForm,
    ShareForm,
    SizeForm,
)

READS: list[tuple[Form, str, Any]] = [
    (DurationForm(), "30s", 30_000),
    (DurationForm(), "500 ms", 500),
    (DurationForm(), "2m", 120_000),
    (DurationForm(), "1h", 3_600_000),
    (DurationForm(), "1d", 86_400_000),
    (DurationForm(), "1.5s", 1500),
    (DurationForm(), " 3 minutes ", 180_000),
    (DurationForm(), "0", 0),
    (SecondsForm(), "2m", 120),
    (RateForm(), "20/s", 20.0),
    (RateForm(), "1200/min", 20.0),
    (RateForm(), "72000 / h", 20.0),
    (RateForm(bare=True), "50", 50.0),
    (ShareForm(), "70%", 0.7),
    (ShareForm(), "0.7", 0.7),
    (ShareForm(), "99.9 %", 0.999),
    (SizeForm(), "1 GB", 10**9),
    (SizeForm(), "512 MiB", 512 * 2**20),
    (SizeForm(), "64kib", 65_536),
    (SizeForm(), "1.5 kB", 1500),
    (ByteRateForm(), "500 B/s", 500),
    (ByteRateForm(), "1 kB / s", 1000),
    (ByteRateForm(), "0", 0),
    (WholeForm(), "12", 12),
    (NumberForm(), "-0.5", -0.5),
    (FlagForm(), "off", False),
    (FlagForm(), "Yes", True),
    (MoneyForm(), "150000 KRW", Money(150_000, "KRW")),
    (ExchangeForm(), "1300 KRW/USD", Exchange(1300, "KRW", "USD")),
    (AllowanceForm(), "100% per 15s", Allowance(100, "percent", 15_000)),
    (AllowanceForm(), "4 per 15s", Allowance(4, "tasks", 15_000)),
]


@pytest.mark.parametrize(("form", "text", "value"), READS, ids=[f"{type(f).__name__}-{t}" for f, t, _ in READS])
def test_a_text_with_its_unit_is_read(form: Form, text: str, value: Any) -> None:
    assert form.read(text) == value


@pytest.mark.parametrize(("form", "text", "value"), READS, ids=[f"{type(f).__name__}-{t}" for f, t, _ in READS])
def test_the_schema_of_a_form_takes_what_the_form_takes(form: Form, text: str, value: Any) -> None:
    schema = form.schema()
    assert (
        text in schema["enum"] or text.lower() in schema["enum"]
        if "enum" in schema
        else re.search(schema["pattern"], text)
    )


REFUSED: list[tuple[Form, Any, str]] = [
    (DurationForm(), "fast", "'fast' is not a duration: write 500ms, 30s, 2m, 1h or 1d"),
    (DurationForm(), "30", "'30' has no unit: write 30s for seconds or 30ms for milliseconds"),
    (DurationForm(), "-3s", "'-3s' is not a duration: write 500ms, 30s, 2m, 1h or 1d"),
    (DurationForm(), "0.5ms", "'0.5ms' is finer than a millisecond: write whole milliseconds"),
    (DurationForm(), "367d", "'367d' is out of range: allowed is at least 0 and at most 366d"),
    (DurationForm(low=1), "0", "'0' is out of range: allowed is at least 1ms and at most 366d"),
    (DurationForm(), "٣s", "'٣s' is not a duration: write 500ms, 30s, 2m, 1h or 1d"),
    (DurationForm(), "", "has no value: write a duration, such as 500ms, 30s, 2m, 1h or 1d"),
    (DurationForm(), {"a": 1}, "a mapping is not a duration: write 500ms, 30s, 2m, 1h or 1d"),
    (DurationForm(), float("nan"), "'nan' is not a duration: write 500ms, 30s, 2m, 1h or 1d"),
    (DurationForm(), True, "'True' is not a duration: write 500ms, 30s, 2m, 1h or 1d"),
    (SecondsForm(), "500ms", "'500ms' is finer than a second: write whole seconds, such as 1s"),
    (RateForm(), "20", "'20' has no unit: write 20/s for a rate per second or 20/min per minute"),
    (RateForm(), "20/fortnight", "'20/fortnight' is not a rate: write 20/s, 1200/min or 72000/h"),
    (RateForm(low=None, above=0), "0/s", "'0/s' is out of range: allowed is more than 0/s"),
    (ShareForm(), "70", "'70' is more than the whole: write 70% or a share between 0 and 1"),
    (ShareForm(), "120%", "'120%' is out of range: allowed is at least 0% and at most 100%"),
    (ShareForm(), "half", "'half' is not a share: write 70% or 0.7"),
    (SizeForm(), "512", "'512' has no unit: write 512 MB, 512 GB or 512 B"),
    (SizeForm(), "512 MPG", "'512 MPG' is not a size: write 64 KiB, 512 MiB or 1 GB"),
    (ByteRateForm(), "500", "'500' has no unit: write 500 B/s"),
    (ByteRateForm(), "500 B", "'500 B' is not a rate of bytes: write 0, 500 B/s or 1 kB/s"),
    (SizeForm(), "0.5 B", "'0.5 B' is finer than a byte: write whole bytes"),
    (WholeForm(low=1), "0", "'0' is out of range: allowed is at least 1"),
    (WholeForm(), "1.5", "'1.5' is not a whole number: write 0, 1 or 12"),
    (WholeForm(), "9" * 400, f"'{'9' * 57}...' is not a whole number: write 0, 1 or 12"),
    (NumberForm(), "1e309", "'1e309' is not a number: write 0.5, 2 or 40"),
    (FlagForm(), "maybe", "'maybe' is not on or off: write on or off"),
    (MoneyForm(), "150000", "'150000' is not an amount of money: write 150000 KRW or 120 USD"),
    (PriceForm(), "0.05", "'0.05' is not a price per hour: write 0.05 USD/h or 60 KRW/h"),
    (AllowanceForm(), "4", "'4' is not a rate of change: write 100% per 15s or 4 per 15s"),
    (AllowanceForm(), "0 per 15s", "'0 per 15s' would forbid every change: write more than 0"),
    (AllowanceForm(), "1.5 per 15s", "'1.5 per 15s' is not a whole number of tasks: write 100% per 15s or 4 per 15s"),
    (TextForm("a command"), None, "has no value: write a command"),
]


@pytest.mark.parametrize(("form", "value", "message"), REFUSED, ids=[m[:40] for _, _, m in REFUSED])
def test_a_refusal_names_the_value_and_what_to_write(form: Form, value: Any, message: str) -> None:
    with pytest.raises(Wrong) as refusal:
        form.read(value)
    assert refusal.value.message == message


def test_a_number_from_python_is_in_the_base_unit() -> None:
    assert DurationForm().read(1500) == 1500
    assert RateForm().read(20) == 20.0
    assert ShareForm().read(0.7) == 0.7
    assert SizeForm().read(512) == 512
    assert SecondsForm().read(3) == 3


def test_a_price_remembers_its_currency() -> None:
    price = PriceForm().read("60 KRW/h")
    assert isinstance(price, Price)
    assert (price, price.currency) == (60.0, "KRW")
    assert PriceForm().read("73 USD/month") == pytest.approx(0.1)


@given(st.integers(0, 366 * 86_400_000))
def test_a_duration_survives_showing_and_reading(ms: int) -> None:
    assert DurationForm().read(DurationForm().show(ms)) == ms


@given(st.integers(1, 10**14))
def test_a_size_survives_showing_and_reading(size: int) -> None:
    assert SizeForm().read(SizeForm().show(size)) == size


@given(st.integers(0, 10**9).map(lambda n: n / 1000))
def test_a_rate_survives_showing_and_reading(rate: float) -> None:
    assert RateForm().read(RateForm().show(rate)) == rate


@given(st.integers(0, 10**6).map(lambda n: n / 10**6))
def test_a_share_survives_showing_and_reading(share: float) -> None:
    assert ShareForm().read(ShareForm().show(share)) == share


@given(
    st.builds(
        Allowance,
        st.integers(1, 10_000).map(float),
        st.sampled_from(["tasks", "percent"]),
        st.integers(1000, 3_600_000),
    )
)
def test_a_rate_of_change_survives_showing_and_reading(allowance: Allowance) -> None:
    assert AllowanceForm().read(str(allowance)) == allowance


FORMS: list[Form] = [
    DurationForm(), SecondsForm(), RateForm(), ShareForm(), SizeForm(), WholeForm(), NumberForm(), FlagForm(),
    MoneyForm(), ExchangeForm(), PriceForm(), AllowanceForm(),
]  # fmt: skip


@given(st.sampled_from(FORMS), st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none()))
def test_reading_anything_gives_a_value_or_a_refusal_in_words(form: Form, value: Any) -> None:
    try:
        form.read(value)
    except Wrong as wrong:
        assert wrong.message  # noqa: PT017 - anything else that is raised fails the test
