"""A table of wrong files and exactly what is said about them."""

from __future__ import annotations

import pytest

from fleetfoot.spec import SpecErrors, loads, policies
from fleetfoot.spec.errors import listed
from tests.unit.spec.lines import errors_of, service

KINDS = listed(policies.KINDS)
BUILT_IN = (
    "requests, completed, latency, errors, cpu, memory, in_flight, queue and app.NAME; others stand under signals"
)
SERVICE_KEYS = (
    "run, start, app, directory, env, listen, target, priority, objective, capacity, task, signals, policies, guards, "
    "health, balancer or update"
)
A = "services.a"
P = f"{A}.policies"

TOP = "services, budget, databases, launch limits or state"
DATABASES = """\
services:
  a: {run: x, guards: {connections: {per task: {min: 9, max: 5}, database: mian}}}
  b: {run: x, guards: {connections: {per task: 5}}}
  c: {run: x, guards: {connections: {per task: 5, max: 10}}}
databases: {main: {connections: 10}, Other: {connections: 99}}
"""
BUDGET = """\
services: {a: {run: x}}
budget: {hourly: 5 USD, daily: {soft: 9 USD, hard: 8 USD}, monthly: {}}
"""
NO_DATABASE = """\
services:
  a: {run: x, guards: {connections: {per task: 5, database: mian}}}
databases: {main: {connections: 100}}
"""

ROWS: list[tuple[str, str, list[str]]] = [
    # -- keys
    (
        "misspelt-key-hides-nothing-and-is-not-told-twice",
        "services:\n  a:\n    rum: x\n    capacity: {min: 4, max: 2}\n",
        [
            f"f:3:5: {A}.rum: unknown key 'rum': allowed here are {SERVICE_KEYS}; did you mean 'run'?",
            f"f:4:29: {A}.capacity.max: 2 is below min 4",
        ],
    ),
    (
        "python-spelling-of-a-key",
        service("task: {stop_timeout: 3s}"),
        [
            (f"f:4:12: {A}.task.stop_timeout: unknown key 'stop_timeout': allowed here are throughput, startup, cpu, "
            "memory, price, concurrency, lifetime, zones, stop timeout, drain, warm or warm up; "
             "did you mean 'stop timeout'?")
        ],
    ),
    (
        "key-of-another-part",
        service("throughput: 20/s"),
        [
            f"f:4:5: {A}.throughput: unknown key 'throughput': allowed here are {SERVICE_KEYS}; it belongs under 'task'"
        ],
    ),
    (
        "service-key-at-the-top",
        "run: x\nservices: {a: {run: x}}\n",
        [f"f:1:1: run: unknown key 'run': allowed here are {TOP}; it belongs under 'services'"],
    ),
    (
        "name-is-the-key-and-no-key",
        service("name: b"),
        [f"f:4:5: {A}.name: unknown key 'name': allowed here are {SERVICE_KEYS}"],
    ),
    ("duplicate-key", service("run: y"), [f"f:4:5: {A}.run: the key 'run' is there already, on line 3"]),
    # -- the shape of the file
    (
        "no-services",
        "state: x\n",
        ["f:1:1: services: missing: write at least one"],
    ),
    ("services-empty", "services: {}\n", ["f:1:11: services: is empty: write at least one service"]),
    (
        "services-without-value",
        "services:\n",
        ["f:1:10: services: must be a mapping such as {orders: {run: ...}}, not nothing"],
    ),
    (
        "services-as-a-list",
        "services: [a]\n",
        ["f:1:11: services: must be a mapping such as {orders: {run: ...}}, not a list"],
    ),
    (
        "service-as-text",
        "services:\n  a: uvicorn\n",
        [
            (f"f:2:6: {A}: must be a mapping such as {{run: uvicorn app:app --port $PORT, objective: {{p95: 1s}}}}, "
            "not 'uvicorn'")
        ],
    ),
    (
        "bad-service-name",
        "services:\n  Orders_1: {run: x}\n",
        [
            ("f:2:3: services.Orders_1: 'Orders_1' is not allowed: a service's name is 1 to 40 small letters, digits "
            "and hyphens")
        ],
    ),
    (
        "bad-service-name-hides-nothing",
        "services:\n  Web_1: {run: x, target: lokal, capacity: {min: 3, max: 2}}\n  b: {run: x, listen: abc}\n",
        [
            ("f:2:3: services.Web_1: 'Web_1' is not allowed: a service's name is 1 to 40 small letters, digits and "
            "hyphens"),
            "f:2:27: services.Web_1.target: 'lokal' is not allowed: allowed is local or dryrun; did you mean 'local'?",
            "f:2:58: services.Web_1.capacity.max: 2 is below min 3",
            "f:3:23: services.b.listen: 'abc' is not an address: write host:port, such as 127.0.0.1:8080",
        ],
    ),
    # -- run, target, listen, env
    (
        "local-without-run",
        "services:\n  a: {objective: {p95: 1s}}\n",
        [
            f"f:2:3: {A}.run: missing: target local needs the command to run, such as uvicorn app:app --port $PORT",
        ],
    ),
    ("run-empty", "services:\n  a: {run: ''}\n", [
        f"f:2:12: {A}.run: has no value: write a command, such as uvicorn app:app --port $PORT",
    ]),
    ("run-as-a-list", "services:\n  a: {run: [x, y]}\n", [
        f"f:2:12: {A}.run: a list is not a command: write uvicorn app:app --port $PORT",
    ]),
    ("target-later", service("target: ecs"), [
        f"f:4:13: {A}.target: 'ecs' is not built yet: allowed is local or dryrun",
    ]),
    ("target-misspelt", service("target: lokal"), [
        f"f:4:13: {A}.target: 'lokal' is not allowed: allowed is local or dryrun; did you mean 'local'?",
    ]),
    ("listen-without-host", service("listen: ':80'"), [
        (f"f:4:13: {A}.listen: ':80' is not an address: write host:port, such as 127.0.0.1:8080; "
        "did you mean '127.0.0.1:80'?"),
    ]),
    ("listen-out-of-range", service("listen: 127.0.0.1:70000"), [
        f"f:4:13: {A}.listen: port 70000 is out of range: allowed is 1 to 65535, or 0 for any free port",
    ]),
    ("listen-twice", "services:\n  a: {run: x, listen: '0.0.0.0:8080'}\n  b: {run: x, listen: 8080}\n", [
        "f:3:23: services.b.listen: '127.0.0.1:8080' is taken by another service",
    ]),
    ("env-of-ours", service("env: {PORT: 1, A-B: 2, C: }"), [
        f"f:4:11: {A}.env.PORT: PORT is set by fleetfoot: remove it",
        f"f:4:20: {A}.env.A-B: 'A-B' is no name of a variable: write letters, digits and '_'",
    ]),
    ("nul", "services:\n  a: {run: \"x\\0y\", env: {B: c, D: \"\\0\"}, task: {warm up: \"/a\\0\"}}\n", [
        f"f:2:12: {A}.run: holds the character NUL, which no program can be told: remove it",
        f"f:2:35: {A}.env.D: holds the character NUL, which no program can be told: remove it",
        f"f:2:58: {A}.task.warm up: holds the character NUL, which no program can be told: remove it",
    ]),
    # -- objective
    ("objective-word", service("objective: {p95: fast, errors: 60%}"), [
        f"f:4:22: {A}.objective.p95: 'fast' is not a duration: write 500ms, 30s, 2m, 1h or 1d",
        f"f:4:36: {A}.objective.errors: '60%' is out of range: allowed is at least 0% and at most 50%",
    ]),
    ("percentile-too-low", service("objective: {p40: 1s}"), [
        f"f:4:17: {A}.objective.p40: 'p40' is no percentile from p50 to p99.9: write p95: 1s",
    ]),
    ("percentile-too-high", service("objective: {p100: 1s}"), [
        f"f:4:17: {A}.objective.p100: 'p100' is no percentile from p50 to p99.9: write p95: 1s",
    ]),
    ("two-percentiles", service("objective: {p95: 1s, p99: 2s}"), [
        f"f:4:26: {A}.objective.p99: one percentile only: 'p95' is there already",
    ]),
    # -- capacity
    ("max-below-min", service("capacity: {min: 5, max: 3}"), [f"f:4:29: {A}.capacity.max: 3 is below min 5"]),
    ("min-above-the-default-max", service("capacity: {min: 20}"), [
        f"f:4:21: {A}.capacity.min: 20 is above max, which is 10 when not written: add max",
    ]),
    ("initial-outside", service("capacity: {min: 2, max: 4, initial: 5}"), [
        f"f:4:41: {A}.capacity.initial: 5 is outside min 2 to max 4",
    ]),
    ("min-negative", service("capacity: {min: -1}"), [
        f"f:4:21: {A}.capacity.min: '-1' is out of range: allowed is at least 0 and at most 100000",
    ]),
    ("what-follows-from-an-error-is-not-told", service("capacity: {min: 20, max: abc}"), [
        f"f:4:30: {A}.capacity.max: 'abc' is not a whole number: write 0, 1 or 12",
    ]),
    # -- task
    ("task", service("task: {throughput: 20, stop timeout: 0, drain: 0s, zones: [a, B!, a]}"), [
        f"f:4:24: {A}.task.throughput: '20' has no unit: write 20/s for a rate per second or 20/min per minute",
        f"f:4:42: {A}.task.stop timeout: '0' is out of range: allowed is at least 1ms and at most 366d",
        f"f:4:52: {A}.task.drain: '0s' is out of range: allowed is at least 1ms and at most 366d",
        f"f:4:67: {A}.task.zones[1]: 'B!' is not allowed: a zone is 1 to 40 small letters, digits and hyphens",
        f"f:4:71: {A}.task.zones[2]: 'a' is there twice",
    ]),
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
        f"f:4:15: {A}.signals.jobs.from: missing: write balancer or agent, or formula",
    ]),
    ("signal-source-later", service("signals: {jobs: {from: sqs, absent: hope}}"), [
        f"f:4:28: {A}.signals.jobs.from: 'sqs' is not built yet: allowed is balancer or agent",
        f"f:4:41: {A}.signals.jobs.absent: 'hope' is not allowed: allowed is zero, hold, ignore or fallback",
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
    ("composite-bounds", service(
        "policies: [{composite: {weights: {app.x: 10%}, up: {app.y: 3}, down: {cpu: 90%}}}]"), [
        f"f:4:46: {P}[0].composite.weights.app.x: missing: write up and down for app.x",
        f"f:4:57: {P}[0].composite.up.app.y: app.y has no weight: write it under weights",
        f"f:4:80: {P}[0].composite.down.cpu: cpu: down 90% must be under up 70%",
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
        "signals: {jobs: {from: sqs}}", "policies: [{target: {signal: jobs, per task: 3}}]"
    ), [f"f:4:28: {A}.signals.jobs.from: 'sqs' is not built yet: allowed is balancer or agent"]),
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
    # -- guards, health, balancer, budget
    ("guards", service("guards: {cooldown: {in: 5}, flap: 3, rate: {out: 4, in: []}, hard: perhaps}"), [
        f"f:4:29: {A}.guards.cooldown.in: '5' has no unit: write 5s for seconds or 5ms for milliseconds",
        (f"f:4:33: {A}.guards.flap: unknown key 'flap': allowed here are launches, pay, incident, conflict, "
        "stabilisation, cooldown, rate, connections, launch limits or hard; stabilisation foresees flaps by itself"),
        f"f:4:54: {A}.guards.rate.out: '4' is not a rate of change: write 100% per 15s or 4 per 15s",
        f"f:4:61: {A}.guards.rate.in: is empty: write at least one rate, such as 4 per 15s",
        f"f:4:72: {A}.guards.hard: 'perhaps' is not on or off: write on or off",
    ]),
    ("launches-in-a-wrong-order", service("guards: {launches: {slow after: 9}}"), [
        f"f:4:37: {A}.guards.launches.slow after: stop after 6 comes before slow after 9",
    ]),
    ("health", service("health: {readiness: {path: healthz, healthy: 0}, liveness: {interval: 1s}}"), [
        (f"f:4:32: {A}.health.readiness.path: 'healthz' is not a path: write a path that starts with '/', "
        "such as /healthz"),
        f"f:4:50: {A}.health.readiness.healthy: '0' is out of range: allowed is at least 1 and at most 100",
        f"f:4:54: {A}.health.liveness.path: missing: write a path, such as /healthz",
    ]),
    ("balancer", service("balancer: {queue timeout: 0, max header: 2 GB, shed: on, retry after: 500ms}"), [
        f"f:4:31: {A}.balancer.queue timeout: '0' is out of range: allowed is at least 1ms and at most 366d",
        f"f:4:46: {A}.balancer.max header: '2 GB' is out of range: allowed is at least 1 KiB and at most 1 MiB",
        f"f:4:58: {A}.balancer.shed: 'on' is not allowed: allowed is off or objective",
        f"f:4:75: {A}.balancer.retry after: '500ms' is finer than a second: write whole seconds, such as 1s",
    ]),
    ("classes", service("balancer: {classes: {B: {header: a b}, c: , d: {equals: x}, e: {path: x}}}"), [
        f"f:4:38: {A}.balancer.classes.B.header: 'a b' is not the name of a header: write one such as User-Agent",
        f"f:4:47: {A}.balancer.classes.c: needs a path or a header",
        f"f:4:61: {A}.balancer.classes.d.equals: tells of a header: write which, such as header: User-Agent",
        (f"f:4:75: {A}.balancer.classes.e.path: 'x' is not the beginning of a path: write one that starts with '/', "
        "such as /healthz"),
    ]),
    ("classes-together", service("balancer: {classes: {B: {header: a}, c: , d: {path: /}}}"), [
        f"f:4:25: {A}.balancer.classes: lacks other: write other: {{}} where requests of no class belong",
        f"f:4:26: {A}.balancer.classes.B: 'B' is not allowed: a class's name is small letters, digits, '_' and '-'",
        f"f:4:45: {A}.balancer.classes.c: needs a path or a header",
    ]),
    ("classes-other", service("balancer: {classes: {other: {path: /}, a: {header: b, equals: c, contains: d}}}"), [
        f"f:4:33: {A}.balancer.classes.other: takes what is of no class: write other: {{}}",
        f"f:4:80: {A}.balancer.classes.a.contains: excludes equals: write one of the two",
    ]),
    ("databases", DATABASES, [
        f"f:2:62: {A}.guards.connections.per task.max: 5 is below min 9",
        "f:3:24: services.b.guards.connections.max: missing: write max, or the database of databases",
        "f:4:56: services.c.guards.connections.max: 10 connections are no more than what is reserved",
        "f:5:13: databases.main.reserved: 15 reserved of 10 connections leaves none",
        ("f:5:38: databases.Other: 'Other' is not allowed: a database's name is 1 to 40 small letters, digits "
         "and hyphens"),
    ]),
    ("a-database-that-is-not-there", NO_DATABASE, [
        f"f:2:61: {A}.guards.connections.database: 'mian' is no database: there are main; did you mean 'main'?",
    ]),
    ("budget", "services: {a: {run: x}}\nbudget: {monthly: 100}\n", [
        "f:2:19: budget.monthly: '100' is not an amount of money: write 150000 KRW or 120 USD",
    ]),
    ("a-budget-of-nothing", "services: {a: {run: x}}\nbudget: {rate: 1300 KRW/USD}\n", [
        "f:2:9: budget: is empty: write hourly, daily or monthly, such as monthly: 150000 KRW",
    ]),
    ("limits-of-a-budget", BUDGET, [
        "f:2:39: budget.daily.soft: 9 USD is no less than hard 8 USD",
        "f:2:69: budget.monthly: is empty: write an amount, such as 1000 USD, or soft and hard",
    ]),
    ("two-currencies", "services: {a: {run: x}}\nbudget: {hourly: 5 USD, daily: 900 KRW}\n", [
        "f:2:32: budget.daily: 900 KRW is not in USD: one budget has one currency",
    ]),
]  # fmt: skip


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
    assert not any(word in told.lower() for word in ("pydantic", "validation", "type=", "input_value"))


def test_an_error_in_an_aliased_part_is_told_once_where_it_stands() -> None:
    text = "services:\n  a: &a {run: x, capacity: {min: x}}\n  b: {<<: *a, listen: 9000}\n"
    assert errors_of(text) == ["f:2:34: services.a.capacity.min: 'x' is not a whole number: write 0, 1 or 12"]
