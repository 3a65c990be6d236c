"""The file ``fleetfoot init`` writes: every key that matters, commented, with unit and default."""

from __future__ import annotations

import json
import re

COMMAND = "uvicorn app:app --port $PORT"

_TEXT = """\
# fleetfoot.yaml: what runs, what it promises, and between which bounds it may scale.
# Two lines are a service: run and objective. What is commented out shows its default, or an example
# where it has none. Every number carries its unit. Every key: docs/fleetfoot-yaml.md
#   fleetfoot check    says in words what this file means, or every error at once
#   fleetfoot up       starts it

services:
  {name}:
    run: {run}
    #   any command that listens on $PORT; one process per task
    # start: command                     # zygote, with app: module:app and no run, forks a Python app
    objective: {{p95: 1s, errors: 1%}}
    #   95% of the requests within 1s, at most 1% failed; p50 to p99.9

    # directory: .                       # where the command runs; default: beside this file
    # env: {{LOG_LEVEL: info}}             # variables of the tasks, beside PORT and FLEETFOOT_*
    # listen: 127.0.0.1:8080             # where requests arrive; the second service takes 8081
    # target: local                      # local | dryrun: only say what would be done
    #   ecs, with ecs: {{cluster: prod, service: orders, region: ap-northeast-2}}: a service on Amazon ECS

    # priority: normal                   # critical | high | normal | low: who comes first where services share
    capacity:
      min: 1                             # fewest tasks; 2 keeps serving while one is replaced
      max: 10                            # most tasks
      # initial: 2                       # tasks to begin with; default: min

    # task:                              # one task; first guesses, the engine learns the truth
    #   throughput: 20/s                 # requests it serves within the objective; default: learnt
    #   startup: 30s                     # from the order until it serves; default: learnt
    #   cpu: 0.5                         # cores
    #   memory: 1 GB
    #   price: 0.05 USD/h                # what one task costs
    #   concurrency: 10                  # most requests at once; default: no limit
    #   lifetime: 7d                     # replaced before it is older; default: none
    #   stop timeout: 30s                # from SIGTERM to SIGKILL
    #   drain: 30s                       # time to finish the requests it holds
    #   warm: 0                          # tasks kept started and stopped, growth takes them at once; or auto
    #   warm up: /prime                  # asked for once before a task's first request; or a command

    # policies:                          # how many tasks are wanted; the highest wish grows
    #   - default: {{utilisation: 70%}}    # each task at 70% of what it carries
    #   - slo: {{spare: 0}}                # the fewest tasks that keep the objective when one ordered now serves
    #   - step: {{signal: requests, above: 100/s, add: {{0: 1, 50: 2, 100: 4}}, cooldown: 10s}}
    #   - target: {{signal: cpu, value: 70%}}
    #   - thresholds: {{out when any: {{cpu: 80%, latency: 800ms}}, in when all: {{cpu: 30%}}}}
    #   - hpa: {{metrics: [{{signal: cpu, utilisation: 60%}}], in: {{stabilisation: 5m}}}}   # as Kubernetes' HPA
    #   - graded: {{signal: cpu, level: moderate, below: 30%}}   # the fuller, the larger and sooner
    #   - adaptive: {{signal: cpu, above: 70%, at most: 85%, below: 30%}}   # what is usual at this hour
    #   - schedule: {{office: {{when: weekdays 08:00-19:00, zone: Asia/Seoul, min: 4, ramp: 10m}}}}
    #   - backlog: {{signal: jobs, per task: 10}}   # workers by what waits in a queue; or drain: 2m, or age: 5m
    #   - forecast: {{mode: forecast only, zone: UTC, buffer: 10m, on breach: hold}}   # ahead of a season
    #   - composite: {{weights: {{latency: 50%, memory: 0}}}}   # several signals weighed into one score

    # signals:                           # of your own, beside requests, latency, errors, in_flight,
    #   jobs: {{from: agent, metric: app.jobs, period: 1s, absent: zero}}   # queue, completed, cpu, memory

    # guards:                            # what may hold a decision back; all are on
    #   launches: {{slow after: 3, stop after: 6}}          # failed starts in a row
    #   pay: on                          # no more tasks when more of them bring nothing
    #   incident: {{hold: 30m}}            # a sudden drop of traffic is held; off switches it off
    #   conflict: {{rule: hold, for: 10m}}   # when somebody else writes the count: hold, yield or reassert
    #   stabilisation: {{out: 0, in: 2m}}  # how long a change must be wanted
    #   cooldown: {{out: 0, in: 1m}}       # rest before the next change; with adapt: on, by urgency and load
    #   rate: {{out: [900% per 60s, 10 per 60s], in: [50% per 60s, 1 per 60s]}}   # whichever is more

    # health:
    #   readiness: {{path: /, interval: 1s, timeout: 2s, healthy: 1, unhealthy: 3}}    # route requests to it
    #   liveness: {{path: /healthz, interval: 5s, timeout: 4s, unhealthy: 3}}          # replace it; default: none
    #   grace: 60s                       # how long a new task may take to become ready

    # balancer:
    #   queue: 1000                      # requests that may wait; then 503
    #   queue timeout: 10s
    #   shed: off                        # objective: refuse at once what would wait longer than promised
    #   request timeout: 30s             # then 504

    # update: {{surge: 25%, breaker: 3, bake: 10s}}   # how `fleetfoot update` brings in a new version
    # provision: {{app: my-app, port: 8080, nat: 2}}   # for `fleetfoot synth`: the service on AWS as a template

# budget: {{daily: 10000 KRW, monthly: 150000 KRW, rate: 1300 KRW/USD}}   # for all services together
# databases:                           # that services share; a service names one in guards.connections
#   main: {{connections: 1000, reserved: 15}}
# launch limits: {{burst: 100, rate: 20/s}}                # what the platform starts of all services together
# state: .fleetfoot                      # journal, sockets and logs; default: beside this file
"""


def initial(run: str | None = None, name: str = "app") -> str:
    """The text of a first file. ``run``: the command, None for an example; ``name``: [a-z0-9-]{1,40}."""
    return _TEXT.format(name=_quoted(name), run=_quoted(run or COMMAND))


def _quoted(text: str) -> str:
    """``text`` as a YAML scalar on one line, quoted only where it must be."""
    if re.fullmatch(r"[A-Za-z0-9./_$][A-Za-z0-9./_$ ={}+,@%:-]*[A-Za-z0-9./_$=}+-]", text) and not re.search(
        ": |^(null|Null|NULL)$", text
    ):
        return text
    return json.dumps(text)
