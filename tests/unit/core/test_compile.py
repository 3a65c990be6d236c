"""What a file says of things that services share becomes plain values."""

from __future__ import annotations

import textwrap

from fleetfoot.core.compile import compile_service, compile_spec
from fleetfoot.core.settings import Budget, Database, Launch, Pool, Replicas, Settings
from fleetfoot.spec import Price, loads


def compiled(text: str) -> dict[str, Settings]:
    return compile_spec(loads(textwrap.dedent(text), "f"))


def test_services_that_name_a_database_share_it() -> None:
    found = compiled("""\
        services:
          web: {run: x, priority: critical, guards: {connections: {database: main, per task: {min: 5, max: 20}}}}
          batch: {run: x, priority: low, guards: {connections: {database: main, per task: 10}}, update: {surge: 50%}}
        databases:
          main: {connections: 1000, growth: 50/s, replicas: {signal: app.read_load.mean}}
    """)
    main = Database("main", 985, 50.0, Replicas("app.read_load.mean", 10, 0.7, 3))
    assert (found["web"].pool, found["batch"].pool) == (Pool(main, 5, 20), Pool(main, 10, 10, 0.5))
    assert (found["web"].priority, found["batch"].priority) == (0, 3)


def test_a_service_may_have_a_database_of_its_own() -> None:
    text = "services: {web: {run: x, guards: {connections: {per task: 20, max: 1000, reserved: 10}}}}"
    assert compiled(text)["web"].pool == Pool(Database("of web", 990), 20, 20)


def test_limits_of_the_platform_stand_for_one_service_or_for_all() -> None:
    found = compiled("""\
        services:
          web: {run: x, task: {cpu: 0.5}, guards: {launch limits: {burst: 500, rate: 600/min}}}
          api: {run: x}
        launch limits: {vcpu: 400}
    """)
    assert (found["web"].launch, found["api"].launch) == (Launch(500.0, 10.0), None)
    assert found["web"].shared is found["api"].shared
    assert found["web"].shared is not None
    assert (found["web"].shared.launch, found["web"].cpu) == (Launch(100.0, 20.0, 400.0), 0.5)


def test_what_shares_nothing_costs_nothing() -> None:
    service = loads("services: {web: {run: x}}", "f").services["web"]
    alone = compile_service(service)
    assert (alone.shared, alone.pool, alone.launch) == (None, None, None)


BUDGET = """\
services:
  web: {run: x, task: {price: 2 USD/h}}
  api: {run: x, task: {cpu: 1, memory: 2 GB}}
  odd: {run: x, task: {price: 2 EUR/h}}
"""


def test_prices_come_in_the_currency_of_the_budget() -> None:
    spec = loads(BUDGET + "budget: {hourly: 100 USD, daily: 900 USD, monthly: {soft: 1 USD, hard: 2 USD}}\n", "f")
    found = compile_spec(spec, {"api": Price(0.05, "USD")})
    assert [found[name].price for name in ("web", "api", "odd")] == [2.0, 0.05, None]
    assert found["web"].shared is not None
    limits = (("hour", None, 100.0), ("day", 900.0, None), ("month", 1.0, 2.0))
    assert found["web"].shared.budget == Budget("USD", limits, 1.5)


def test_a_rate_joins_two_currencies_either_way() -> None:
    there = compile_spec(loads(BUDGET + "budget: {daily: 9 KRW, rate: 1300 KRW/USD}\n", "f"))
    back = compile_spec(loads(BUDGET + "budget: {daily: 9 EUR, rate: 0.5 USD/EUR, emergency: 200%}\n", "f"))
    assert (there["web"].price, back["web"].price, back["odd"].price) == (2600.0, 4.0, 2.0)
    assert back["web"].shared is not None
    assert back["web"].shared.budget == Budget("EUR", (("day", 9.0, None),), 2.0)


def test_a_fallback_of_nothing_is_nothing() -> None:
    found = compiled("services: {web: {run: x, signals: {jobs: {from: agent, fallback: 0}}}}")
    assert found["web"].contracts["jobs"].fallback == 0.0


def test_a_service_by_itself_has_no_pool_of_a_database_that_only_its_file_knows() -> None:
    text = """\
        services: {web: {run: x, guards: {connections: {database: main, per task: 20}}}}
        databases: {main: {connections: 100}}
    """
    service = loads(textwrap.dedent(text), "f").services["web"]
    assert compile_service(service).pool is None
