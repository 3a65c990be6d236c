"""Planted bugs: how many does the suite catch?

    python bench/mutations.py --count 200 --seed 1

Plants ``count`` small bugs, one after the other, in the engine's functions (``mutants.py``: a comparison, a sign, a
constant, a minimum for a maximum, a statement left out; spread evenly over the lines, drawn by ``--seed``) and runs
every test of the engine that called the changed function when nothing was changed, the quickest first, until one
fails or the processor time is far beyond what they took then; what is in tests/properties is tried on 20 examples.
Each bug lives in a fork of a process that has the tests loaded: no file is written. Prints every bug that survives;
the exit code is 1 when fewer than 95 % are caught. A change that is no bug (``equivalent.toml`` says why) is never
planted.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from multiprocessing import get_context
from multiprocessing.connection import wait
from types import CodeType, FunctionType
from typing import NamedTuple, TypeVar

import pytest
from hypothesis import Phase, settings
from machine import describe
from mutants import CORE, ROOT, Bug, Site, chosen
from rich.progress import track

INSIDE = f"{ROOT / CORE}{os.sep}"
TESTS = (
    "tests/unit/core", "tests/replay", "tests/storms", "tests/properties",
    *(f"tests/unit/spec/test_{name}.py" for name in ("when", "adaptive", "steps", "schedules")),
    *(f"tests/simulation/test_{name}.py" for name in ("guard_scenarios", "pay_and_incident", "schedule", "signals")),
)  # fmt: skip
OPTIONS = (
    "-qq", "-s", "-n", "0", "-p", "no:cacheprovider", "--timeout=0", "--hypothesis-profile=first",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
BAR = 0.95
EXAMPLES = 20  # of what is in tests/properties: a survivor meets them all
TIMES, SPARE_S = 3.0, 10.0  # a test that takes so much more processor time than without a bug hangs
MOST_BYTES = 4 << 30  # a bug that fills the memory is caught by this

T = TypeVar("T")


class Ran(NamedTuple):
    """One test on the unchanged engine."""

    test: str
    took: float  # s of processor time
    calls: frozenset[tuple[str, str]]  # file from CORE and qualified name of every outermost function

    @property
    def file(self) -> str:
        return self.test.split("::")[0]


class Result(NamedTuple):
    """What became of a bug."""

    by: str | None  # the first test that failed
    tests: int  # how many call what was changed
    took: float  # s of wall time


class Suite:
    """A pytest plugin: the tests are collected once, and run for every bug."""

    def __init__(self, bugs: list[Bug], workers: int, *, verbose: bool) -> None:
        self.bugs = bugs
        self.workers = workers
        self.verbose = verbose  # tell of every bug, else of those that survive
        self.results: list[Result] = []
        self.failed: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        phases = (Phase.explicit, Phase.generate)  # the first failure will do, however large its example
        settings.register_profile("first", settings.get_profile("steady"), phases=phases)
        settings.register_profile("few", settings.get_profile("first"), max_examples=EXAMPLES)

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        settings.load_profile("few" if collector.nodeid.startswith("tests/properties") else "first")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        with ThreadPoolExecutor(self.workers) as executor:
            parts = [session.items[i :: self.workers] for i in range(self.workers)]
            seen = list(executor.map(lambda part: forked(lambda: self.unchanged(part)), parts))
            ran = [one for part, _ in seen for one in part]
            failed = [test for _, part in seen for test in part]
            if failed:
                raise pytest.UsageError(f"without a bug these fail: {failed}")  # any bug would seem caught
            results = executor.map(lambda bug: self.look(bug, ran, session.items), self.bugs)
            for bug, result in zip(self.bugs, track(results, "bugs", total=len(self.bugs)), strict=True):
                self.results.append(result)
                if result.by is None or self.verbose:
                    told = f"{result.by or 'SURVIVED'} ({result.tests} tests call it, {result.took:.1f} s)"
                    print(f"{bug}\n  {told}", flush=True)
        return True

    def unchanged(self, items: list[pytest.Item]) -> tuple[list[Ran], list[str]]:
        """Every test on the engine as it is, and those that fail."""
        ran = []
        for item, following in zip_longest(items, items[1:]):
            called: dict[int, CodeType] = {}
            begun = time.process_time()
            sys.settrace(lambda frame, *_, called=called: called.update({id(frame.f_code): frame.f_code}))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            ran.append(Ran(item.nodeid, time.process_time() - begun, frozenset(names(called.values()))))
        return ran, self.failed

    def look(self, bug: Bug, ran: list[Ran], items: list[pytest.Item]) -> Result:
        begun, tests = time.monotonic(), concerned(ran, bug.site)
        by_name = {item.nodeid: item for item in items}
        try:
            by = forked(lambda: self.plant(bug, [(by_name[one.test], one.took) for one in tests]))
        except ChildProcessError as end:
            by = str(end)
        return Result(by, len(tests), time.monotonic() - begun)

    def plant(self, bug: Bug, tests: list[tuple[pytest.Item, float]]) -> str | None:
        """The first test that fails with the bug. One that hangs ends the process: a busy machine alone does not."""
        infect(bug)
        items = [item for item, _ in tests]
        for (item, took), following in zip_longest(tests, items[1:]):
            signal.setitimer(signal.ITIMER_VIRTUAL, SPARE_S + TIMES * took)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return self.failed[0]
        return None


def names(called: Iterable[CodeType]) -> Iterator[tuple[str, str]]:
    for code in called:
        if code.co_filename.startswith(INSIDE):
            yield code.co_filename.removeprefix(INSIDE), code.co_qualname.split(".<locals>")[0]


def concerned(ran: list[Ran], site: Site) -> list[Ran]:
    """The tests that call what was changed, the quickest files first."""
    tests = [one for one in ran if (site.file, site.function) in one.calls]
    took: dict[str, float] = defaultdict(float)
    for one in tests:
        took[one.file] += one.took
    return sorted(tests, key=lambda one: (took[one.file], one.file))


def infect(bug: Bug) -> None:
    """Put the bug into its function, which is loaded already."""
    path = f"{INSIDE}{bug.site.file}"
    changed = {code.co_qualname: code for code in codes(compile(bug.text, path, "exec"))}
    for function in [one for one in gc.get_objects() if isinstance(one, FunctionType)]:
        if (function.__code__.co_filename, function.__code__.co_qualname) == (path, bug.site.function):
            function.__code__ = changed[bug.site.function]


def codes(code: CodeType) -> Iterator[CodeType]:
    """It and all inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def forked(work: Callable[[], T]) -> T:
    """What ``work`` gives in a silent process of its own, or ChildProcessError with how that one ended."""
    context = get_context("fork")
    here, there = context.Pipe(duplex=False)

    def tell() -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        there.send(work())

    process = context.Process(target=tell)
    process.start()
    wait([here, process.sentinel])
    if here.poll():
        found: T = here.recv()
        process.join()
        return found
    process.join()
    raise ChildProcessError(f"ended with {process.exitcode}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--verbose", action="store_true", help="say of every bug what caught it")
    args = parser.parse_args()
    begun = time.monotonic()
    suite = Suite(chosen(args.count, args.seed), args.workers, verbose=args.verbose)
    with tempfile.TemporaryDirectory(prefix="bugs") as folder:
        os.environ["TMPDIR"] = folder  # of the tests
        os.chdir(ROOT)
        code = pytest.main([*OPTIONS, *TESTS], plugins=[suite])
    if not suite.results:
        return int(code)
    caught = sum(result.by is not None for result in suite.results)
    share = caught / len(suite.results)
    print(describe())
    print(f"{caught} of {len(suite.results)} planted bugs caught ({share:.1%}) in {time.monotonic() - begun:.0f} s")
    return int(share < BAR)


if __name__ == "__main__":
    sys.exit(main())
