"""Wrong guards, health checks, balancers, databases and budgets: (name, file, what is said)."""

from __future__ import annotations

from tests.unit.spec.lines import service

A = "services.a"

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
