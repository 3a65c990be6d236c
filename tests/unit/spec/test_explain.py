from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.spec import load, loads
from fleetfoot.spec.explain import explain
from fleetfoot.spec.policies import KINDS
from tests.unit.spec.lines import service

ROOT = Path(__file__).resolve().parents[3]


def warnings_of(*lines: str) -> list[str]:
    """The warnings about a service that has none of its own."""
    calm = {
        "capacity": "capacity: {min: 2}",
        "task": "task: {throughput: 20/s}",
        "run": "directory: .",
    }
    written = [*lines, *(text for key, text in calm.items() if not any(line.startswith(key) for line in lines))]
    text = service(*written).replace("run: x", "run: x $PORT", 1)
    return [line.strip().removeprefix("warning: ") for line in explain(loads(text)) if "warning: " in line]


def test_the_orders_example_is_told_in_words() -> None:
    lines = explain(load(ROOT / "examples/orders.yaml"))
    orders = "\n".join(lines[: lines.index("search")])
    for words in (
        "runs       uvicorn orders:app --port $PORT, on this machine; requests arrive at 127.0.0.1:8080",
        "promises   95% of the requests within 1s, at most 1% failed",
        "size       2 to 14 tasks, 2 to begin with",
        "one task   carries 20/s, so that 14 tasks carry 280/s; serves 30s after the order; 0.5 cores; 1 GB",
        "default: each task at 70% of what it carries (14/s), and one more for every second of queued work",
        "above 100/s 1 task more, from 150/s 2 tasks more, from 200/s 4 tasks more; rests 10s",
        "step-2: by the mean of cpu over 10s: below 20% 10% fewer; rests 5m",
        "target-2: 100 of backlog for each task, averaged over 10s, nothing while within 10%; it never shrinks",
        "1 task more when latency above 800ms or queue above 50; 1 task fewer when latency below 200ms and cpu below",
        "cooldown: scale-out without a rest, scale-in 2m after the last order",
        "rate of change: out 100% or 4 tasks in 15s, whichever is more, in 1 task in 1m",
        "costs      0.1 USD an hour at min (73 a month), 0.7 USD an hour at max (511 a month)",
    ):
        assert words in orders
    assert "warning" not in orders


def test_a_service_without_doubts_has_no_warning() -> None:
    assert warnings_of() == []


def test_where_requests_wait_in_the_balancer_nobody_is_warned_of_its_queue() -> None:
    both = "policies: [default, {thresholds: {out when any: {queue: 9}}}]"
    assert warnings_of(both, "task: {throughput: 20/s, concurrency: 4}") == []


def test_a_formula_of_the_queue_is_warned_of_like_the_queue() -> None:
    wait = "signals: {wait: {formula: 'queue / max(completed, 1)'}}"
    [told] = warnings_of(wait, "policies: [default, {step: {signal: wait, above: 0.2, add: 1}}]")
    assert told.startswith("policy step reads queue")


ROWS = [
    ("exact-steps", "policies: [default, {step: {signal: in_flight, above: 9, exact: 3}}]",
     "policy step sets exact counts: it may want fewer tasks at more load"),
    ("steps-that-fall", "policies: [default, {step: {signal: in_flight, above: 9, add: {0: 4, 50: 1}}}]",
     "policy step does less further beyond its threshold: it may want fewer tasks at more load"),
    ("removals-that-fall", "policies: [default, {step: {signal: in_flight, below: 9, remove: {0: 4, 5: 1}}}]",
     "policy step does less nearer to its threshold: it may want fewer tasks at more load"),
    ("no-throughput", "task: {startup: 1s}", ("task.throughput is not written: it is learnt while it runs, so the "
     "first surge may be answered with too few or too many tasks")),
    ("one-task", "capacity: {min: 1}", ("capacity.min 1: nothing serves while the only task is replaced, and its "
     "zone is the only one")),
    ("no-task", "capacity: {min: 0}", "capacity.min 0: with no task running, the first request waits for a start"),
    ("fixed", "capacity: {min: 3, max: 3}", "capacity.min and max are both 3: the count never changes"),
    ("zones", "task: {throughput: 20/s, zones: [a, b, c]}", ("capacity.min 2 is fewer than the 3 zones: at night a "
     "zone is empty")),
    ("only-up", "policies: [{step: {signal: cpu, above: 70%, add: 1}}]", "no policy shrinks: the count only rises"),
    ("only-down", "policies: [{thresholds: {in when all: {cpu: 30%}}}]", "no policy grows: the count only falls"),
    ("target-only-up", "policies: [{target: {signal: cpu, value: 70%, scale in: off}}]",
     "no policy shrinks: the count only rises"),
    ("graded-only-up", "policies: [{graded: {signal: cpu, level: moderate}}]",
     "no policy shrinks: the count only rises"),
    ("hpa-only-up", "policies: [{hpa: {metrics: [{signal: cpu, utilisation: 60%}], in: {select: off}}}]",
     "no policy shrinks: the count only rises"),
    ("hpa-only-down", "policies: [{hpa: {metrics: [{signal: cpu, utilisation: 60%}], out: {select: off}}}]",
     "no policy grows: the count only falls"),
    ("forecast-only-up", "policies: [{forecast: {mode: forecast and scale}}]",
     "no policy shrinks: the count only rises"),
    ("errors", "policies: [default, {target: {signal: errors, value: 1%}}]", ("policy target reads errors: more tasks "
     "seldom mend errors, and they alone add one at a time")),
    ("queue", "policies: [default, {thresholds: {out when any: {queue: 9}}}]", ("policy thresholds reads queue: "
     "without task.concurrency tasks are handed every request, and it stays empty while one is ready")),
    ("grace", "task: {throughput: 20/s, startup: 2m}", ("health.grace 1m is shorter than task.startup 2m: every new "
     "task would be replaced before it serves")),
    ("drain", "task: {throughput: 20/s, drain: 5s}", ("task.drain 5s is shorter than balancer.request timeout 30s: a "
     "scale-in may cut long requests")),
    ("request-timeout", "balancer: {request timeout: 500ms}", ("balancer.request timeout 500ms is shorter than the "
     "objective 1s")),
    ("open", "listen: 0.0.0.0:80", "0.0.0.0:80 is open to the network, not only to this machine"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "warning"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_what_is_allowed_and_doubtful_is_warned_of(line: str, warning: str) -> None:
    assert warnings_of(line) == [warning]


def test_a_fleet_that_sleeps_is_warned_of_what_cannot_wake_it() -> None:
    told = warnings_of(
        "capacity: {min: 0}",
        "task: {throughput: 20/s, startup: 10s}",
        "signals: {jobs: {from: agent}}",
        "policies: [{backlog: {signal: jobs, per task: 10}}]",
    )
    assert told[1:] == [
        "balancer.queue timeout 10s is no longer than task.startup 10s: at zero tasks the first request gets 503",
        (
            "capacity.min 0: jobs is told by the tasks, and with none of them running nobody tells it: write min 1, "
            "unless something else pushes it for this service"
        ),
    ]


def test_a_signal_that_no_policy_names_is_warned_of() -> None:
    assert warnings_of("signals: {jobs: {from: agent}}") == ["signals.jobs: no policy names it"]


def test_a_contract_is_told_in_words() -> None:
    lines = explain(
        loads(
            service(
                "signals: {cpu: {window: 1m, statistic: p95, role: vetoes}, jobs: {from: agent}, "
                "w: {formula: queue / 2}}"
            )
        )
    )
    assert "  agreed on  cpu: vetoes; read over the p95 of 1m; stale after 3s; when absent: zero" in lines
    assert "             w: queue / 2; votes; read over each policy's window; when absent: zero" in lines
    assert "             jobs: votes; read over each policy's window; stale after 3s; when absent: zero" in lines


def test_steps_that_rise_are_not_warned_of() -> None:
    both = (
        "policies: [{step: {signal: in_flight, above: 9, add: {0: 1, 50: 4}}}, "
        "{step: {signal: in_flight, below: 5, remove: {0: 1, 3: 2}}}]"
    )
    assert warnings_of(both) == []


def test_a_command_that_does_not_name_the_port_is_warned_of() -> None:
    lines = explain(loads(service()))
    assert "  warning: run does not name $PORT: the program must read the variable PORT itself" in lines


def test_a_budget_is_reckoned_with() -> None:
    text = (
        service("task: {price: 1 USD/h}", "capacity: {max: 10}") + "budget: {monthly: 730000 KRW, rate: 1000 KRW/USD}\n"
    )
    told = "\n".join(explain(loads(text)))
    assert "all services at max for a whole month cost 7,300,000 KRW: the budget lasts for 10% of that" in told
    without = "\n".join(explain(loads(text.replace(", rate: 1000 KRW/USD", ""))))
    assert "a is priced in USD: write budget.rate in KRW/USD" in without


@pytest.mark.parametrize("kind", KINDS)
def test_every_policy_is_told_in_words_of_its_own(kind: str) -> None:
    policy = f"policies: [{{{kind}: {KINDS[kind].example or '{}'}}}]"
    said = "\n".join(explain(loads(service("signals: {jobs: {from: agent, metric: app.jobs}}", policy))))
    words = said.split(f"{kind}: ")[1].splitlines()[0]
    assert len(words.split()) > 4
