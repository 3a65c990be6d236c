"""The depth of an SQS queue as a signal: what waits, what is being worked on, or both."""

from __future__ import annotations

from fleetfoot.edge.aws.session import Aws
from fleetfoot.edge.base import Reading
from fleetfoot.edge.sources.signals import Interval

VISIBLE, IN_FLIGHT = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
COUNTED = {"depth": (VISIBLE, IN_FLIGHT), "visible": (VISIBLE,), "in_flight": (IN_FLIGHT,)}


class SqsSource:
    """One signal of one service. The counts are SQS's own, which calls them approximate."""

    name = "sqs"

    def __init__(self, aws: Aws, service: str, signal: str, queue: str, metric: str, period: int) -> None:
        """``metric``: depth, visible or in_flight; ``period``: ms."""
        self.service, self.period = service, period
        self._aws, self._signal, self._queue, self._counted = aws, signal, queue, COUNTED[metric]
        self._url = ""

    async def read(self, now: int) -> Reading:  # noqa: ARG002 - the answer has its own time
        if not self._url:
            self._url = str((await self._aws.call("sqs", "GetQueueUrl", QueueName=self._queue)).data["QueueUrl"])
        answer = await self._aws.call(
            "sqs", "GetQueueAttributes", QueueUrl=self._url, AttributeNames=list(self._counted)
        )
        depth = sum(int(answer.data["Attributes"][name]) for name in self._counted)
        at = Interval(answer.at, answer.at, self.period, self.period)
        return Reading({self._signal: at.signal(self._signal, depth)})

    async def close(self) -> None:
        pass
