"""Text that is no spec at all, or is meant to hurt: a clear answer, at once."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.spec import SpecErrors, load, loads
from fleetfoot.spec.reader import MAX_BYTES
from tests.unit.spec.lines import errors_of, service

EMPTY = "f:1:1: the file is empty: it needs services: {orders: {run: ..., objective: {p95: 1s}}}"
ROOT = "must be a mapping that begins with services:"

TEXTS: list[tuple[str, str, str]] = [
    ("empty", "", EMPTY),
    ("comments-only", "# nothing\n\n", EMPTY),
    ("null", "~\n", EMPTY),
    ("byte-order-mark-only", "\ufeff", EMPTY),
    ("a-list", "- a\n", f"f:1:1: {ROOT}, not a list"),
    ("a-text", "hello\n", f"f:1:1: {ROOT}, not 'hello'"),
    ("tab", "services:\n\ta: {}\n", "f:2:1: a tab cannot indent: use spaces"),
    ("nul", "services:\n  a: \0\n", "f:2:6: character U+0000 is not allowed in a text file"),
    ("lone-surrogate", "a: \ud800\n", "f:1:4: character U+D800 is not allowed in a text file"),
    ("unclosed-bracket", "services: [a\n", "f:2:1: a ',' or the closing ']' is missing"),
    ("unclosed-brace", "services: {a: {run: x}\n", "f:2:1: a ',' or the closing '}' is missing"),
    ("unclosed-quote", "services: 'a\n", "f:2:1: the closing quote is missing"),
    ("at-sign", "services: @a\n", "f:1:11: '@' cannot begin a text: use quotes"),
    ("second-colon", "services: a: b\n", ("f:1:12: a ':' is not allowed here: put the text in quotes, or correct the "
     "indentation")),
    ("bad-indentation", "services:\n    a: {run: x}\n  b: {run: x}\n", ("f:3:3: wrong indentation, or an unclosed "
     "quote or bracket above")),
    ("two-documents", "services: {a: {run: x}}\n---\nb: 1\n", ("f:2:1: a second document begins: one file holds one "
     "document")),
    ("unknown-alias", "services: *a\n", "f:1:11: the alias '*a' has no anchor '&a' above; there are: none"),
    ("alias-in-itself", "services: &a {b: *a}\n", "f:1:18: the alias '*a' contains itself"),
    ("deep-lists", "a: " + "[" * 100_000, "f:1:24: nested deeper than 20 levels"),
    ("deep-mappings", "{" * 100_000, "f:1:22: nested deeper than 20 levels"),
    ("deep-blocks", "".join(f"{' ' * i}a:\n" for i in range(200)), "f:21:21: nested deeper than 20 levels"),
    ("deep-keys", "? " * 50_000, "f:1:43: nested deeper than 20 levels"),
    ("too-large", "#" * (MAX_BYTES + 1), "f:1:1: the file is larger than 1000 kB"),
    ("billion-laughs", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise(ascii_lowercase)
    ), "f:5:23: more than 50000 values, aliases counted as copies"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line"), [pytest.param(t, e, id=i) for i, t, e in TEXTS])
def test_what_is_no_spec_gets_one_clear_line(text: str, line: str) -> None:
    assert errors_of(text) == [line]


@pytest.mark.parametrize(
    "tag",
    ["!!python/object/apply:os.system ['true']", "!!str x", "!mine x", "!!binary aGk="],
    ids=lambda t: t.split()[0],
)
def test_a_tag_is_refused_and_nothing_of_it_is_made(tag: str) -> None:
    lines = errors_of(service(f"directory: {tag}"))
    told = [line for line in lines if line.startswith("f:4:16: services.a.directory: the tag '")]
    assert len(told) == 1
    assert told[0].endswith("is not allowed: remove it")


def test_a_key_that_is_no_text_is_refused() -> None:
    assert errors_of("{{ services }}: x\nservices: {a: {run: x}}\n") == [
        f"f:1:{column}: a key must be text, not a mapping: put it in quotes if it is meant as text" for column in (1, 2)
    ]


BYTES: list[tuple[str, bytes, str]] = [
    ("latin-1", "services:\n  caf\xe9: x\n".encode("latin-1"), ":2:6: byte 0xe9 is not UTF-8: save the file as UTF-8"),
    ("utf-16", "services: {}\n".encode("utf-16-le"), ":1:2: character U+0000 is not allowed in a text file"),
    ("utf-16-with-mark", "services: {}\n".encode("utf-16"), ":1:1: byte 0xff is not UTF-8: save the file as UTF-8"),
    ("too-large", b"#" * 10_000_000, ":1:1: the file is larger than 1000 kB"),
]


@pytest.mark.parametrize(("data", "end"), [pytest.param(d, e, id=i) for i, d, e in BYTES])
def test_bytes_that_are_no_text_get_one_clear_line(tmp_path: Path, data: bytes, end: str) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_bytes(data)
    with pytest.raises(SpecErrors) as refusal:
        load(file)
    assert str(refusal.value) == f"{file}{end}"


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + service("capacity: {max: 3}").replace("\n", "\r\n").encode())
    assert load(file).services["a"].capacity.max == 3


def test_a_file_that_cannot_be_read_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.yaml")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)


def test_of_thousands_of_errors_the_first_hundred_are_told() -> None:
    lines = errors_of(service(*(f"key{i}: x" for i in range(5000))))
    assert len(lines) == 101
    assert lines[0].startswith("f:4:5: services.a.key0: unknown key")
    assert lines[-1].startswith("f: ")


def _keys(pattern: str, count: int = 5000) -> str:
    return ", ".join(pattern.format(i) for i in range(count))


MANY = {
    "percentiles": service(f"objective: {{{_keys('p{}: x')}}}"),
    "policies": service(f"policies: [{', '.join(['stp'] * 5000)}]"),
    "zones": service(f"task: {{zones: [{', '.join(['a'] * 20_000)}]}}"),
    "steps": service(f"policies: [{{step: {{signal: cpu, above: 1%, add: {{{_keys('x{}: 1')}}}}}}}]"),
    "services": "services:\n" + "".join(f"  a{i}: {{run: x}}\n" for i in range(10_000)),
    "merges": f"a: &a {{{_keys('k{}: 1')}}}\n" + "".join(f"x{i}: {{<<: *a}}\n" for i in range(5000)),
    "digits": service(f"task: {{startup: {'9' * 100_000}s, throughput: {'9' * 100_000}/s}}"),
    "spaces": service(f"guards: {{rate: {{out: '4{' ' * 100_000}per{' ' * 100_000}'}}}}"),
}  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", MANY.values(), ids=MANY)
def test_a_file_made_to_take_long_is_refused_in_time(text: str) -> None:
    assert errors_of(text)


@given(st.text())
def test_any_text_gives_a_spec_or_errors_in_words(text: str) -> None:
    with contextlib.suppress(SpecErrors):
        loads(text)


KEYS = ["services", "a", "run", "objective", "p95", "capacity", "min", "max", "policies", "step", "target", "signal",
        "above", "add", "percent", "guards", "rate", "in", "out", "task", "zones", "signals", "from", "env", "health",
        "liveness", "budget", "monthly", "per task", "out when any", "<<"]  # fmt: skip
LEAVES = ["", "~", "x", "1", "30s", "70%", "20/s", "cpu", "requests", "default", "off", "[]", "{}", "agent", "-1", "*a"]


def _yaml(shape: object) -> str:
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{k}: {_yaml(v)}" for k, v in shape.items()) + "}"
    return f"[{', '.join(map(_yaml, shape))}]" if isinstance(shape, list) else str(shape)


@given(
    st.recursive(
        st.sampled_from(LEAVES),
        lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4) | st.lists(inner, max_size=3),
        max_leaves=25,
    )
)
def test_known_keys_in_any_order_give_a_spec_or_placed_errors(shape: object) -> None:
    for text in (_yaml(shape), f"services: {{a: {_yaml(shape)}}}"):
        for line in errors_of(text):
            assert line.startswith("f:")
            assert "is not allowed here" not in line, "the words for a refusal nobody foresaw"
