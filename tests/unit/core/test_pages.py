"""What the pages on policies and guards show can be written, and becomes what they say."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from fleetfoot import spec
from fleetfoot.core.compile import compile_service
from fleetfoot.core.guards import GUARDS, RESOURCE, SERVICE
from fleetfoot.core.policies import POLICIES, Default, Step, Target, Thresholds
from fleetfoot.core.settings import GuardSettings, Settings

DOCS = Path(__file__).parents[3] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def compiled(part: str) -> Settings:
    text = "services:\n  orders:\n    run: serve\n" + textwrap.indent(part, "    ")
    return compile_service(spec.loads(text, "page").services["orders"])


SAMPLES = [
    pytest.param(part, id=f"{page} {number}")
    for page in ("policies.md", "guards.md")
    for number, part in enumerate(blocks(page), 1)
]


@pytest.mark.parametrize("part", SAMPLES)
def test_every_sample_of_the_pages_is_accepted(part: str) -> None:
    assert compiled(part).service == "orders"


def test_the_guards_page_shows_the_defaults() -> None:
    part = blocks("guards.md")[0]
    assert compiled(part).guards == GuardSettings()


def test_a_service_that_says_nothing_gets_the_defaults() -> None:
    plain = compiled("")
    assert plain.guards == GuardSettings()
    assert plain.policies == (Default(),)
    assert (plain.minimum, plain.maximum, plain.throughput, plain.startup) == (1, 10, None, 30_000)
    assert plain.seeing == 120_000  # as long as its longest window


def test_both_pages_have_a_heading_for_each_in_the_order_of_the_tables() -> None:
    policies = re.findall(r"^## ([a-z]\w*)$", (DOCS / "policies.md").read_text(encoding="utf-8"), re.MULTILINE)
    guards = re.findall(r"^## ([a-z][\w ]*)$", (DOCS / "guards.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert policies == list(POLICIES)
    assert [name for name in guards if name != "arbiter"] == [name for name, _ in (*SERVICE, *RESOURCE)] == list(GUARDS)


def test_what_a_user_wrote_becomes_plain_values() -> None:
    part = """\
    capacity: {min: 2, max: 14}
    task: {throughput: 20/s, startup: 5s}
    objective: {p99: 2s, errors: 2%}
    policies:
      - step: {signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}, cooldown: 10s}
      - step: {name: cool, signal: cpu, below: 25%, remove: {0: 1, 10%: 2}, period: 1m, datapoints: 3, statistic: max}
      - step: {name: levels, signal: cpu, above: 30%, exact: {0: 3, 30%: 5}}
      - target: {signal: requests, per task: 14/s, tolerance: 20%, scale in: off, window: 30s}
      - thresholds: {out when any: {latency: 800ms}, in when all: {cpu: 30%}, add: 2}
    guards: {stabilisation: {in: 10m}, hard: on}
    """
    found = compiled(textwrap.dedent(part))
    assert (found.minimum, found.maximum, found.throughput, found.startup) == (2, 14, 20.0, 5_000)
    assert (found.objective, found.percentile, found.errors) == (2_000, 0.99, 0.02)
    assert found.policies == (
        Step("step", "requests", 100.0, True, "change", ((0.0, 50.0, 1.0), (50.0, 100.0, 2.0), (100.0, None, 4.0)),
             cooldown=10_000),
        Step("cool", "cpu", 0.25, False, "change", ((None, -0.1, -2.0), (-0.1, 0.0, -1.0)), period=60_000,
             datapoints=3, statistic="max"),
        Step("levels", "cpu", 0.3, True, "exact", ((0.0, 0.3, 3.0), (0.3, None, 5.0))),
        Target("target", "requests", 14.0, True, 30_000, 0.2, False),
        Thresholds("thresholds", (("latency", 800.0),), (("cpu", 0.3),), 2),
    )  # fmt: skip
    assert (found.guards.stabilise_in, found.guards.hard, found.seeing) == (600_000, True, 600_000)
    assert found.windows["cpu"] >= 180_000


@pytest.mark.parametrize(
    ("policies", "held"),
    [
        ("[slo]", (0, 0)),
        ("[slo, schedule: {night: {when: daily 22:00-06:00, max: 4}}]", (0, 0)),
        ("[slo, default]", (120_000, 60_000)),
        ("[default]", (120_000, 60_000)),
        ("[schedule: {night: {when: daily 22:00-06:00, max: 4}}]", (120_000, 60_000)),
    ],
)
def test_where_slo_alone_wants_fewer_no_guard_holds_its_peaks_again(policies: str, held: tuple[int, int]) -> None:
    guards = compiled(f"policies: {policies}\n").guards
    assert (guards.stabilise_in, guards.cooldown_in) == held


def test_a_window_somebody_wrote_holds_slo_too() -> None:
    guards = compiled("policies: [slo]\nguards: {stabilisation: {in: 2m}}\n").guards
    assert (guards.stabilise_in, guards.cooldown_in) == (120_000, 0)
    guards = compiled("policies: [slo]\nguards: {cooldown: {out: 10s, in: 1m}}\n").guards
    assert (guards.stabilise_in, guards.cooldown_in, guards.cooldown_out) == (0, 60_000, 10_000)


def test_no_scale_in_before_the_longest_look_back_of_a_policy_is_full() -> None:
    found = compiled("policies: [{target: {signal: cpu, value: 70%, window: 30m}}]")
    assert found.seeing == 1_800_000


def test_a_signal_of_the_users_own_is_a_total_when_what_it_stands_for_is() -> None:
    part = """\
    signals:
      mine: {from: agent, metric: app.latency}
      jobs: {from: agent}
    policies:
      - target: {signal: mine, value: 5}
      - target: {signal: jobs, per task: 5}
    """
    own = compiled(textwrap.dedent(part))
    assert "mine" not in own.totals
    assert "jobs" in own.totals
