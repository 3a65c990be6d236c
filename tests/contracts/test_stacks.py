"""The life of a stack in the same sentences of moto's server and of our simulated AWS, through fleetfoot's own code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.stacks import Event, Stack, Stacks
from tests.clouds import line, moto, simulated

pytestmark = pytest.mark.network

QUEUE, TOPIC = "AWS::SQS::Queue", "AWS::SNS::Topic"
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Wait": {"Type": "String"}},
    "Resources": {
        "Orders": {"Type": QUEUE, "Properties": {"VisibilityTimeout": {"Ref": "Wait"}}},
        "Alerts": {"Type": TOPIC},
    },
}
SMALLER = TEMPLATE | {"Resources": {"Orders": TEMPLATE["Resources"]["Orders"]}}


@pytest.fixture(params=["simulated", "moto"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with simulated() if request.param == "simulated" else moto() as made:
        if request.param == "simulated":
            made.aws.world.stacks.pace = 0.0  # type: ignore[union-attr]
        yield made.url


def live(url: str, go: Callable[[Stacks], Coroutine[None, None, None]]) -> None:
    asyncio.run(go(Stacks(line(url, read_s=100), poll=0.05)))  # moto loads all it knows at the first call


async def deployed(stacks: Stacks, template: dict[str, Any], told: list[Event], **parameters: str) -> Stack:
    there = await stacks.find("shop")
    await stacks.propose("shop", "ours", template, parameters, there)
    before = await stacks.seen("shop")
    await stacks.execute("shop", "ours")
    return await stacks.follow("shop", before, told.append)


def test_a_stack_is_proposed_made_changed_and_removed(url: str) -> None:
    async def go(stacks: Stacks) -> None:
        assert await stacks.find("shop") is None
        told: list[Event] = []
        made = await deployed(stacks, TEMPLATE, told, Wait="30")
        assert (made.status, made.parameters, made.whole) == ("CREATE_COMPLETE", {"Wait": "30"}, True)
        assert {one.logical for one in await stacks.resources("shop")} == {"Orders", "Alerts"}
        changes = await stacks.propose("shop", "less", SMALLER, {"Wait": "30"}, made)
        assert [(one.action, one.logical, one.kind, one.loses) for one in changes if one.loses] == [
            ("Remove", "Alerts", TOPIC, True)
        ]
        await stacks.withdraw("shop", "less")
        changed = await deployed(stacks, SMALLER, told, Wait="60")
        assert (changed.status, changed.parameters) == ("UPDATE_COMPLETE", {"Wait": "60"})
        assert [one.logical for one in await stacks.resources("shop")] == ["Orders"]
        await stacks.remove(changed.id)
        assert (await stacks.follow(changed.id, set(), told.append)).status == "DELETE_COMPLETE"
        assert await stacks.find("shop") is None

    live(url, go)


def test_a_stack_that_was_only_looked_at_is_not_there_afterwards(url: str) -> None:
    async def go(stacks: Stacks) -> None:
        changes = await stacks.propose("looked", "ours", TEMPLATE, {"Wait": "30"}, None)
        assert {(one.action, one.logical) for one in changes} == {("Add", "Orders"), ("Add", "Alerts")}
        await stacks.withdraw("looked", "ours")
        assert await stacks.find("looked") is None

    live(url, go)


def test_what_does_not_change_is_told_as_no_change_or_as_aws_refuses_it() -> None:
    async def go(stacks: Stacks) -> None:
        made = await deployed(stacks, TEMPLATE, [], Wait="30")
        assert await stacks.propose("shop", "again", TEMPLATE, {}, made) == []

    with simulated() as cloud:  # moto proposes every resource anew
        cloud.aws.world.stacks.pace = 0.0
        live(cloud.url, go)


def test_a_step_that_fails_is_told_with_its_cause_and_all_of_it_goes_back() -> None:
    async def go(stacks: Stacks) -> None:
        told: list[Event] = []
        failed = await deployed(stacks, TEMPLATE, told, Wait="30")
        assert (failed.status, failed.whole) == ("ROLLBACK_COMPLETE", False)
        assert [(one.logical, one.reason) for one in told if one.cause] == [("Orders", "no more queues")]
        with pytest.raises(AwsError, match="ROLLBACK_COMPLETE"):
            await stacks.propose("shop", "again", TEMPLATE, {"Wait": "30"}, failed)

    with simulated() as cloud:  # moto's resources do not fail
        cloud.aws.world.stacks.pace = 0.0
        cloud.aws.world.stacks.failing["Orders"] = "no more queues"
        live(cloud.url, go)


def test_a_template_that_a_call_does_not_take_is_not_sent() -> None:
    async def go(stacks: Stacks) -> None:
        many = {f"Queue{number}": {"Type": QUEUE, "Metadata": "x" * 1000} for number in range(60)}
        with pytest.raises(ValueError, match="51,200"):
            await stacks.propose("shop", "ours", {"Resources": many}, {}, None)

    with simulated() as cloud:
        live(cloud.url, go)
        assert not cloud.aws.counts
