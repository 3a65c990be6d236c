"""The docs are complete and lead somewhere: docs that lie cost more than none."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from fleetfoot.core.guards import GUARDS
from fleetfoot.core.policies import POLICIES
from fleetfoot.core.reasons import Code
from fleetfoot.face.cli import VERBS, main
from fleetfoot.spec import Spec
from fleetfoot.spec.part import Part
from tests.architecture.source import ROOT, tracked

PAGES = {
    path: (ROOT / path).read_text(encoding="utf-8")
    for path in tracked()
    if path.suffix == ".md" and path.parts[0] != "changelog.d"
}
ALL = "\n".join(text for path, text in PAGES.items() if "adr" not in path.parts)


def page(name: str) -> str:
    return PAGES[Path(name)]


def says(text: str, word: str) -> bool:
    """Whether ``word`` stands in the text as code, or as the first word of a heading."""
    return bool(re.search(rf"`{re.escape(word)}\b[^`\n]*`|^#+ {re.escape(word)}\b", text, re.MULTILINE))


def missing(words: list[str], text: str) -> list[str]:
    return [word for word in words if not says(text, word)]


def test_every_reason_code_has_its_words_on_the_page_of_reasons() -> None:
    assert missing([str(code) for code in Code], page("docs/reasons.md")) == []


def test_every_policy_and_every_guard_is_described() -> None:
    assert missing([*POLICIES, *GUARDS], ALL) == []


def parts(of: type[Part]) -> Iterator[type[Part]]:
    """A model and every model below it, subclasses included."""
    yield of
    for child in of.__subclasses__():
        yield from parts(child)


def test_every_key_of_the_yaml_file_is_described() -> None:
    text = page("docs/fleetfoot-yaml.md")
    assert Spec in set(parts(Part))
    keys = {key for model in parts(Part) for key in (*model.keys(), *model.sugar)}
    lost = [key for key in sorted(keys) if not says(text, key) and not re.search(rf"\b{re.escape(key)}:", text)]
    assert lost == []


def test_every_verb_is_in_the_readme() -> None:
    with click.Context(main) as context:
        assert main.list_commands(context) == list(VERBS)
    lost = [verb for verb in VERBS if f"`fleetfoot {verb}" not in PAGES[Path("README.md")]]
    assert lost == []


def test_every_verb_of_the_readme_exists() -> None:
    told = set(re.findall(r"`fleetfoot ([a-z]+)", PAGES[Path("README.md")]))
    assert told - set(VERBS) == set()


def test_the_readme_names_the_verbs_without_json() -> None:
    named = re.search(r"All but (.+) have `--json`", PAGES[Path("README.md")])
    assert named is not None
    with click.Context(main) as context:
        without = [name for name in VERBS if not _has_json(main.get_command(context, name))]
    assert sorted(re.findall(r"`([a-z]+)`", named[1])) == sorted(without)


def _has_json(verb: click.Command | None) -> bool:
    assert verb is not None
    within = list(verb.commands.values()) if isinstance(verb, click.Group) else []
    return any(_has_json(each) for each in within) or any("--json" in option.opts for option in verb.params)


def links() -> list[Any]:
    return [
        pytest.param(path, target, id=f"{path}->{target}")
        for path, text in PAGES.items()
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
        if not re.match(r"[a-z]+:", target)
    ]


@pytest.mark.parametrize(("path", "target"), links())
def test_a_link_leads_somewhere(path: Path, target: str) -> None:
    file, _, anchor = target.partition("#")
    there = (ROOT / path).parent / file if file else ROOT / path
    assert there.exists(), f"{path} links to {target}"
    if anchor:
        heads = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_make_word_of_the_docs_exists() -> None:
    words = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = set(re.findall(r"[`\n]make ([a-z-]+)", ALL))
    assert told - words == set()


def test_the_picture_of_the_loop_is_drawn_from_the_tables() -> None:
    """After a new policy, guard or signal: make picture."""
    drawn = runpy.run_path(str(ROOT / "scripts" / "picture.py"))["picture"]()
    assert (ROOT / "docs" / "loop.svg").read_text(encoding="utf-8") == drawn


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("the guard `step` does", True, id="code"),
        pytest.param("## step\n", True, id="heading"),
        pytest.param("one step more", False, id="prose-is-not-enough"),
        pytest.param("`step_cooldown`", False, id="a-longer-word-is-another"),
    ],
)
def test_a_word_counts_only_as_code_or_heading(text: str, found: bool) -> None:
    assert says(text, "step") is found
