"""Wrong keys, shapes, and settings of a service and its tasks: (name, file, what is said)."""

from __future__ import annotations

from tests.unit.spec.lines import service

SERVICE_KEYS = (
    "run, start, app, directory, env, listen, target, ecs, priority, objective, capacity, task, signals, policies, "
    "guards, health, balancer, update or provision"
)
A = "services.a"

TOP = "services, budget, databases, launch limits or state"

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
            ("f:2:27: services.Web_1.target: 'lokal' is not allowed: allowed is local, dryrun or ecs; "
            "did you mean 'local'?"),
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
    ("target-later", service("target: asg"), [
        f"f:4:13: {A}.target: 'asg' is not built yet: allowed is local, dryrun or ecs",
    ]),
    ("target-misspelt", service("target: lokal"), [
        f"f:4:13: {A}.target: 'lokal' is not allowed: allowed is local, dryrun or ecs; did you mean 'local'?",
    ]),
    ("ecs-without-its-target", service("ecs: {cluster: prod}"), [
        f"f:4:5: {A}.ecs: is used by target ecs only: write target: ecs, or remove it",
    ]),
    ("one-service-of-ecs-twice", "services:\n  a: {target: ecs}\n  b: {target: ecs, ecs: {service: a}}\n", [
        "f:3:20: services.b.ecs: service a of cluster default is scaled by a already: write another service",
    ]),
    ("ecs-by-its-arn-and-in-no-region", service(
        "target: ecs", "ecs: {cluster: 'arn:aws:ecs:a:1:b/c', region: Seoul}"
    ), [
        (f"f:5:20: {A}.ecs.cluster: 'arn:aws:ecs:a:1:b/c' is no name on ECS: write up to 255 letters, digits, '-' and "
        "'_', and no ARN"),
        f"f:5:51: {A}.ecs.region: 'Seoul' is no region: write ap-northeast-2 or us-east-1",
    ]),
    ("ecs-with-warm-tasks", service("target: ecs", "task: {warm: 2}"), [
        (f"f:5:12: {A}.task.warm: target ecs has no warm tasks, a started one costs as much as a serving one: raise "
        "capacity.min"),
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
]  # fmt: skip
