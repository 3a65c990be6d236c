"""Which class a request is of, and how much of the queue and the objective its class may use."""

from __future__ import annotations

import pytest

from fleetfoot.fleet.balancer.classes import Classes
from fleetfoot.fleet.balancer.settings import BalancerSettings
from fleetfoot.fleet.balancer.shed import hopeless

RULES = (
    {"name": "health", "path": "/healthz"},
    {"name": "paying", "header": "X-Plan", "equals": "gold"},
    {"name": "other"},
    {"name": "retry", "header": "x-retry"},
    {"name": "crawler", "path": "/shop", "header": "User-Agent", "contains": "Bot"},
)


def class_of(target: str, **headers: str) -> str:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Classes(RULES).of(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), lines).name


@pytest.mark.parametrize(
    ("target", "headers", "name"),
    [
        pytest.param("/healthz", {}, "health", id="path"),
        pytest.param("/healthz/db?x", {}, "health", id="beginning-of-a-path"),
        pytest.param("/x?/healthz", {}, "other", id="not-in-the-middle"),
        pytest.param("/", {"x_plan": "gold"}, "paying", id="a-header-of-any-capitals"),
        pytest.param("/", {"X_Plan": "Gold"}, "other", id="but-a-value-as-written"),
        pytest.param("/", {"X_Plan": "goldfinch"}, "other", id="and-whole"),
        pytest.param("/", {"X_Retry": ""}, "retry", id="presence"),
        pytest.param("/shop/1", {"User_Agent": "some robot"}, "crawler", id="contains-any-capitals"),
        pytest.param("/", {"User_Agent": "some robot"}, "other", id="path-and-header-both"),
        pytest.param("/shop", {"User_Agent": "bot", "X_Plan": "gold"}, "paying", id="the-most-important-of-several"),
    ],
)
def test_the_class_of_a_request(target: str, headers: dict[str, str], name: str) -> None:
    assert class_of(target, **headers) == name


def test_the_shares_fall_from_all_to_half() -> None:
    classes = Classes(RULES).all
    assert [one.share for one in classes] == [1.0, 0.875, 0.75, 0.625, 0.5]
    assert [one.places(10) for one in classes] == [10, 9, 8, 7, 5]
    assert [one.places(1) for one in classes] == [1, 1, 1, 1, 1]
    assert Classes([{"name": "other"}]).all[0].share == 1.0


def test_classes_without_other_are_refused() -> None:
    with pytest.raises(ValueError, match="one of the classes is other"):
        Classes(RULES[:2])


def test_a_lesser_class_is_hopeless_sooner() -> None:
    objective = BalancerSettings().queue  # any number
    works = [next(work for work in range(999) if hopeless(objective, work, 900, 2, 20.0, None, s)) for s in (1.0, 0.5)]
    assert works == [32, 16]
    assert [hopeless(objective, 9, 600, 0, 20.0, None, share) for share in (1.0, 0.5)] == [False, True]
