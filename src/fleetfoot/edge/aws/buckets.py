"""Token buckets: what AWS lets one account do in a region, kept on our side of the wire."""

from __future__ import annotations

from collections.abc import Callable

#: calls that share a bucket -> (burst, calls a second). ECS: published. CloudWatch and SQS: far under what is
#: published. Application Auto Scaling and
#: CloudFormation publish nothing.
LIMITS: dict[tuple[str, ...], tuple[int, int]] = {
    ("UpdateService",): (50, 5),
    ("DescribeServices", "DescribeTasks", "ListTasks"): (100, 20),
    ("GetMetricData",): (50, 50),
    ("GetQueueUrl", "GetQueueAttributes"): (200, 200),
    ("DescribeAlarms",): (9, 9),
    (
        "DescribeScalableTargets",
        "RegisterScalableTarget",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
    ): (10, 2),
    (
        "DescribeStacks",
        "CreateChangeSet",
        "DescribeChangeSet",
        "ExecuteChangeSet",
        "DeleteChangeSet",
        "DescribeStackEvents",
        "ListStackResources",
        "DeleteStack",
    ): (10, 2),
}


class Bucket:
    """``burst`` tokens at first, and ``rate`` more a second."""

    def __init__(self, burst: float, rate: float, now: Callable[[], int]) -> None:
        self.burst, self.rate = burst, rate
        self._now = now
        self._left, self._at = burst, now()

    def left(self) -> float:
        """Tokens nobody has taken; below zero while some wait for theirs."""
        now = self._now()
        self._left = min(self.burst, self._left + (now - self._at) / 1000 * self.rate)
        self._at = now
        return self._left

    def take(self) -> float:
        """Take one token; the seconds until it is good."""
        left = self.left()
        self._left = left - 1
        return max(0.0, (1 - left) / self.rate)

    def empty(self) -> None:
        """AWS said it was too much: what we thought was left is not."""
        self._left = min(self.left(), 0.0)


def buckets(now: Callable[[], int]) -> dict[str, Bucket]:
    """The bucket of every call in the table."""
    found: dict[str, Bucket] = {}
    for calls, (burst, rate) in LIMITS.items():
        found |= dict.fromkeys(calls, Bucket(burst, rate, now))
    return found
