"""What must not be in the repository, and what must agree with something else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import ROOT, imports, optional, python_files, tracked, tree

LOCKS = ("core", "dev", "iac")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

#: Written in pieces, so that this file does not hold what it forbids.
MACHINE = re.compile(r"(?<![\w.])/(work" + r"/|root" + r"/|home" + r"/\w|Users" + r"/\w|opt" + r"/wheels)")
INDEX = re.compile(
    "|".join(
        ["py" + r"pi\.", "python" + "hosted", "artifact" + "registry", r"pkg\." + "dev", "dev" + "pi", "j" + "frog"]
    )
)


def texts() -> list[tuple[str, int, str]]:
    found = []
    for path in tracked():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [(str(path), number, row) for number, row in enumerate(text.splitlines(), 1)]
    return found


@pytest.mark.parametrize("pattern", [pytest.param(MACHINE, id="a-path"), pytest.param(INDEX, id="a-package-index")])
def test_no_tracked_file_names_this_machine(pattern: re.Pattern[str]) -> None:
    bad = [f"{path}:{number} {row.strip()[:100]}" for path, number, row in texts() if pattern.search(row)]
    assert not bad, "\n" + "\n".join(bad)


def locked(name: str) -> dict[str, str]:
    rows = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(n): v for row in rows for n, v in re.findall(r"^([\w.-]+)==(\S+)", row)}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_and_no_address(name: str) -> None:
    pinned = re.compile(r"[\w.-]+==[\w.+!-]+( ; [^/]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    rows = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8").splitlines()
    assert rows
    assert [row for row in rows if not pinned.fullmatch(row) and not digest.fullmatch(row)] == []


@pytest.mark.parametrize(
    ("lock", "groups"), [pytest.param("core", ["build"], id="core"), pytest.param("dev", ["build", "dev"], id="dev")]
)
def test_a_lock_satisfies_the_project_file(lock: str, groups: list[str]) -> None:
    """After a change of pyproject.toml: make lock."""
    wanted = PROJECT["project"]["dependencies"] + [
        row for group in groups for row in PROJECT["dependency-groups"][group]
    ]
    have = locked(lock)
    for requirement in map(Requirement, wanted):
        if requirement.name == "fleetfoot-agent":
            continue
        version = have.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in requirements/{lock}.lock"
        assert requirement.specifier.contains(version), f"{requirement} but {version} is locked"


def test_the_dev_lock_is_the_core_lock_and_more() -> None:
    """`make demo` after `make test` installs nothing: the versions are the same."""
    core, dev = locked("core"), locked("dev")
    assert {name: dev.get(name) for name in core} == core


def test_the_two_distributions_have_one_version() -> None:
    agent = tomllib.loads((ROOT / "src/fleetfoot_agent/pyproject.toml").read_text(encoding="utf-8"))
    assert agent["project"]["version"] == PROJECT["project"]["version"]
    assert f"fleetfoot-agent=={agent['project']['version']}" in PROJECT["project"]["dependencies"]
    assert agent["project"].get("dependencies", []) == []


def test_every_library_a_test_bench_or_example_imports_is_locked() -> None:
    distributions, have = packages_distributions(), locked("dev")
    own = {"fleetfoot", "fleetfoot_agent", "tests", "bench", "examples", "scripts"}
    bad = []
    for path in python_files("tests/", "bench/", "examples/", "scripts/"):
        beside = {p.stem for p in (ROOT / path).parent.iterdir()}
        for found in imports(path):
            top = found.module.split(".")[0]
            if top in sys.stdlib_module_names or top in own or top in beside or top == "?":
                continue
            if found.line in optional(path):
                continue
            if not any(canonicalize_name(name) in have for name in distributions.get(top, [])):
                bad.append(f"{path}:{found.line} imports {top}")
    assert not bad, "\n" + "\n".join(bad)


def test_names_of_tests_are_sentences() -> None:
    short = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files("tests/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert not short, "\n" + "\n".join(short)


def test_every_changelog_fragment_is_short_and_for_users() -> None:
    for path in (ROOT / "changelog.d").glob("*.md"):
        rows = [row for row in path.read_text(encoding="utf-8").splitlines() if row.strip()]
        assert path.name == "README.md" or 1 <= len(rows) <= 6, (
            f"{path.name} has {len(rows)} lines; one to three are enough"
        )
