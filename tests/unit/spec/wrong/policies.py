"""Wrong signals and policies: (name, file, what is said)."""

from __future__ import annotations

from fleetfoot.spec import policies
from fleetfoot.spec.errors import listed
from tests.unit.spec.lines import service

KINDS = listed(policies.KINDS)
BUILT_IN = (
    "requests, completed, latency, errors, cpu, memory, in_flight, queue and app.NAME; others stand under signals"
)
A = "services.a"
P = f"{A}.policies"

ROWS: list[tuple[str, str, list[str]]] = [
    # -- signals
    ("signal-built-in", service("signals: {cpu: {from: agent}}"), [
        (f"f:4:21: {A}.signals.cpu.from: cpu is built in and comes by itself: remove it, or choose another name for "
         "the signal"),
    ]),
    ("signal-fallback-of-a-built-in", service("signals: {latency: {fallback: 40}}"), [
        f"f:4:25: {A}.signals.latency.fallback: latency is built in: it has no fallback",
    ]),
    ("signal-fallback-without-a-value", service("signals: {jobs: {from: agent, absent: fallback}}"), [
        f"f:4:15: {A}.signals.jobs.fallback: missing: write its value, such as fallback: 40",
    ]),
    ("signal-fallback-unused", service("signals: {jobs: {from: agent, absent: hold, fallback: 3}}"), [
        f"f:4:59: {A}.signals.jobs.fallback: is not used with absent: hold",
    ]),
    ("signal-stale-between-values", service("signals: {jobs: {from: agent, period: 1m, max age: 30s}}"), [
        (f"f:4:56: {A}.signals.jobs.max age: 30s is shorter than the period 1m: it would always grow stale"),
    ]),
    ("signal-p95-of-an-hour", service("signals: {cpu: {window: 1h, statistic: p95}}"), [
        f"f:4:29: {A}.signals.cpu.window: a p95 is taken over at most 10m: write a shorter window",
    ]),
    ("signal-without-source", service("signals: {jobs: {period: 5s}}"), [
        f"f:4:15: {A}.signals.jobs.from: missing: write balancer, agent, cloudwatch or sqs, or formula",
    ]),
    ("cloudwatch-in-a-statistic-it-has-not", service(
        "signals: {hits: {from: cloudwatch, namespace: A/B, metric: m, stat: p101}}"
    ), [
        (f"f:4:73: {A}.signals.hits.stat: 'p101' is no statistic of CloudWatch: write Average, Sum, Minimum, Maximum, "
        "SampleCount or p95"),
    ]),
    ("cloudwatch-in-a-period-it-has-not", service("signals: {hits: {from: cloudwatch, period: 7s, queue: q}}"), [
        f"f:4:15: {A}.signals.hits.metric: missing: from: cloudwatch needs it, such as CPUUtilization",
        f"f:4:15: {A}.signals.hits.namespace: missing: from: cloudwatch needs it, such as AWS/ApplicationELB",
        f"f:4:48: {A}.signals.hits.period: CloudWatch's periods are 1s, 5s, 10s, 20s, 30s and whole minutes",
        f"f:4:52: {A}.signals.hits.queue: is used with from: sqs only: remove it",
    ]),
    ("sqs-of-nothing", service("signals: {jobs: {from: sqs, metric: length}}"), [
        f"f:4:15: {A}.signals.jobs.queue: missing: from: sqs needs the queue's name, such as orders-in",
        f"f:4:41: {A}.signals.jobs.metric: of a queue there are depth, visible or in_flight",
    ]),
    ("signal-source-later", service("signals: {jobs: {from: redis, absent: hope}}"), [
        f"f:4:28: {A}.signals.jobs.from: 'redis' is not built yet: allowed is balancer, agent, cloudwatch or sqs",
        f"f:4:43: {A}.signals.jobs.absent: 'hope' is not allowed: allowed is zero, hold, ignore or fallback",
    ]),
    # -- policies
    ("backlog-without-an-objective", service("policies: [{backlog: {signal: queue}}]"), [
        f"f:4:17: {P}[0].backlog.per task: missing: write per task, drain or age",
    ]),
    ("backlog-with-two", service("policies: [{backlog: {signal: cpu, age: 5m, per task: 3}}]"), [
        f"f:4:35: {P}[0].backlog.signal: cpu is no count of messages: name a signal that is a plain number",
        f"f:4:40: {P}[0].backlog.age: per task and age exclude each other: write one",
    ]),
    ("backlog-drain-without-a-throughput", service("policies: [{backlog: {signal: queue, drain: 1m}}]"), [
        (f"f:4:49: {P}[0].backlog.drain: needs task.throughput, the messages/s one worker handles: write it, or per "
         "task in place of drain"),
    ]),
    ("composite-rows", service(
        "policies: [{composite: {weights: {cpu: 2, app.x: 10%}, up: {latency: 1, app.y: 3}, down: {cpu: 90%}}}]"), [
        (f"f:4:44: {P}[0].composite.weights.cpu: '2' is more than the whole: write 2% or a share between 0 and 1"),
        f"f:4:54: {P}[0].composite.weights.app.x: missing: write up and down for app.x",
        (f"f:4:74: {P}[0].composite.up.latency: '1' has no unit: write 1s for seconds or 1ms for milliseconds "
         "(the unit of latency)"),
        f"f:4:77: {P}[0].composite.up.app.y: app.y has no weight: write it under weights",
        f"f:4:100: {P}[0].composite.down.cpu: cpu: down 90% must be under up 70%",
    ]),
    ("policies-empty", service("policies: []"), [
        f"f:4:15: {P}: is empty: write a policy, or leave policies out for the default one",
    ]),
    ("policies-as-a-mapping", service("policies: {default: {}}"), [
        f"f:4:15: {P}: must be a list such as [default], not a mapping",
    ]),
    ("policy-misspelt", service("policies: [{stp: {}}, defalt]"), [
        f"f:4:17: {P}[0].stp: 'stp' is no policy: allowed is {KINDS}; did you mean 'step'?",
        f"f:4:27: {P}[1]: 'defalt' is no policy: allowed is {KINDS}; did you mean 'default'?",
    ]),
    ("forecast-history-to-come", service("policies: [{forecast: {history: prometheus}}]"), [
        (f"f:4:37: {P}[0].forecast.history: history from prometheus is not built yet: allowed is journal, or a file of "
        "timestamp,value"),
    ]),
    ("forecast-history-of-no-kind", service("policies: [{forecast: {history: jornal}}]"), [
        (f"f:4:37: {P}[0].forecast.history: 'jornal' is no history: write journal, or a file such as traffic.csv or "
        "traffic.parquet; did you mean 'journal'?"),
    ]),
    ("forecast-zone", service("policies: [{forecast: {zone: Asia/Soul}}]"), [
        (f"f:4:34: {P}[0].forecast.zone: 'Asia/Soul' is no time zone: write one such as Asia/Seoul; did you mean "
        "'Asia/Seoul'?"),
    ]),
    ("forecast-twice", service("policies: [forecast, forecast]"), [
        f"f:4:26: {P}[1].forecast: a service has one forecast: remove this one",
    ]),
    ("policy-bare-that-needs-settings", service("policies: [target]"), [
        f"f:4:16: {P}[0]: policy target needs settings: write target: {{signal: cpu, value: 70%}}",
    ]),
    ("policy-with-two-keys", service("policies: [{default: {}, target: {}}]"), [
        (f"f:4:16: {P}[0]: must be one policy ({KINDS}) with its settings, such as "
        "- step: {signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}}"),
    ]),
    ("policy-names-twice", service("policies: [{default: {name: x}}, {default: {name: x}}]"), [
        f"f:4:55: {P}[1].default.name: 'x' is there twice: names are unique",
    ]),
    ("unknown-signal", service("policies: [{target: {signal: foo, value: 3}}]"), [
        f"f:4:34: {P}[0].target.signal: 'foo' is no signal: built in are {BUILT_IN}",
    ]),
    ("misspelt-signal-whose-unit-is-unknown", service("policies: [{step: {signal: requsts, above: 9/s, add: 1}}]"), [
        f"f:4:32: {P}[0].step.signal: 'requsts' is no signal: built in are {BUILT_IN}; did you mean 'requests'?",
    ]),
    ("a-broken-signal-is-no-unknown-one", service(
        "signals: {jobs: {from: redis}}", "policies: [{target: {signal: jobs, per task: 3}}]"
    ), [f"f:4:28: {A}.signals.jobs.from: 'redis' is not built yet: allowed is balancer, agent, cloudwatch or sqs"]),
    ("threshold-in-a-wrong-unit", service("policies: [{step: {signal: latency, above: 100/s, add: 1}}]"), [
        f"f:4:48: {P}[0].step.above: '100/s' is not a duration: write 500ms, 30s, 2m, 1h or 1d (the unit of latency)",
    ]),
    ("target-without-value", service("policies: [{target: {signal: cpu}}]"), [
        f"f:4:17: {P}[0].target.value: missing: write value or per task",
    ]),
    ("target-with-both", service("policies: [{target: {signal: queue, value: 1, per task: 1}}]"), [
        f"f:4:51: {P}[0].target.per task: value and per task exclude each other: write one",
    ]),
    ("total-tracked-as-a-value", service("policies: [{target: {signal: requests, value: 100/s}}]"), [
        (f"f:4:44: {P}[0].target.value: requests counts all tasks together and does not fall when tasks are added; "
        "write 'per task' in place of value"),
    ]),
    ("share-tracked-per-task", service("policies: [{target: {signal: cpu, per task: 70%, tolerance: 60%}}]"), [
        f"f:4:39: {P}[0].target.per task: cpu is not shared out among tasks; write 'value' in place of per task",
        f"f:4:65: {P}[0].target.tolerance: '60%' is out of range: allowed is at least 0% and at most 50%",
    ]),
    ("step-with-both-and-nothing", service("policies: [{step: {signal: cpu, above: 1%, below: 2%}}]"), [
        f"f:4:17: {P}[0].step.add: missing: write one of add, remove, percent or exact",
        f"f:4:48: {P}[0].step.below: above and below exclude each other: write two policies",
    ]),
    ("step-with-neither", service("policies: [{step: {signal: cpu, add: 1}}]"), [
        f"f:4:17: {P}[0].step.above: missing: write above or below",
    ]),
    ("step-with-two-changes", service("policies: [{step: {signal: cpu, above: 1%, add: 1, exact: 3}}]"), [
        f"f:4:56: {P}[0].step.exact: add and exact exclude each other: write one",
    ]),
    ("step-gap", service("policies: [{step: {signal: requests, above: 9/s, add: {50: 1, 100: 2}}}]"), [
        f"f:4:59: {P}[0].step.add: gap: nothing is said of distances from 0 to 50/s; let the first step begin at 0",
    ]),
    ("step-overlap", service("policies: [{step: {signal: requests, above: 9/s, add: {0: 1, 60/s: 2, 3600/min: 3}}}]"), [
        f"f:4:75: {P}[0].step.add.3600/min: overlap: a step at '3600/min' is there already",
    ]),
    ("step-add-below", service("policies: [{step: {signal: cpu, below: 9%, add: 1}}]"), [
        f"f:4:48: {P}[0].step.add: add does not go with below; write 'remove'",
    ]),
    ("step-percent-the-wrong-way", service("policies: [{step: {signal: cpu, below: 9%, percent: {0: 10}}}]"), [
        f"f:4:57: {P}[0].step.percent: 10 is the wrong way: below shrinks; write -10",
    ]),
    ("step-half-a-task", service("policies: [{step: {signal: cpu, above: 9%, add: {0: 1.5, 10: 2}}}]"), [
        f"f:4:57: {P}[0].step.add.0: '1.5' is not a number of tasks: write a whole number from 0",
        (f"f:4:62: {P}[0].step.add.10: '10' is more than the whole: write 10% or a share between 0 and 1 "
        "(a distance from the threshold)"),
    ]),
    ("step-at-least-without-percent", service("policies: [{step: {signal: cpu, above: 9%, add: 1, at least: 2}}]"), [
        f"f:4:56: {P}[0].step.at least: at least goes with percent only",
    ]),
    ("thresholds-crossed", service("policies: [{thresholds: {out when any: {cpu: 30%}, in when all: {cpu: 70%}}}]"), [
        f"f:4:75: {P}[0].thresholds.in when all.cpu: 70% must be under the 30% of 'out when any'",
    ]),
    ("thresholds-empty", service("policies: [{thresholds: {add: 2}}]"), [
        f"f:4:17: {P}[0].thresholds.out when any: missing: write 'out when any', 'in when all' or both",
    ]),
    ("thresholds-unknown-signal", service("policies: [{thresholds: {out when any: {foo: 3, cpu: 3}}}]"), [
        f"f:4:45: {P}[0].thresholds.out when any.foo: 'foo' is no signal: built in are {BUILT_IN}",
        (f"f:4:58: {P}[0].thresholds.out when any.cpu: '3' is more than the whole: write 3% or a share between 0 and 1 "
        "(the unit of cpu)"),
    ]),
]  # fmt: skip
