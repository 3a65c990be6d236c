"""The HPA's count from samples.

Facts of kubernetes/kubernetes `pkg/controller/podautoscaler/replica_calculator_test.go` (ids are the functions' names
after TestReplicaCalc, and the rows of TestGroupPods), and worked cases.
"""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.hpa.replicas import Groups, Pod, by_average, by_value, classify, combine, replicas, within

NOW = 10_000_000  # ms
MINUTE = 60_000
COOL = NOW - 3 * MINUTE  # a pod older than the two minutes these tests take for its initialisation
READY, UNREADY, MISSING = True, False, None


def grouped(pods: list[Pod], cpu: bool = True) -> Groups:
    return classify(pods, NOW, cpu, initialisation=2 * MINUTE, first_ready=10_000)


def pods(
    levels: list[int], requests: list[int] | None = None, ready: list[bool] | None = None, **more: Any
) -> list[Pod]:
    """Pods by index: levels for the first ones, the rest without a sample; ``started`` and ``phase`` per pod."""
    count = len(requests or ready or more.get("phase") or levels)
    started = more.get("started") or [0] * count
    phase = more.get("phase") or ["running"] * count
    deleted = more.get("deleted") or [False] * count
    return [
        Pod(
            levels[i] if i < len(levels) else None,
            requests[i] if requests else 1000,
            phase[i],
            deleted[i],
            ready[i] if ready else True,
            started[i],
            started[i],
            NOW,
        )
        for i in range(count)
    ]


Y, N = True, False
FIVE = [100, 300, 500, 250, 250]
ONES3, ONES4 = [1000] * 3, [1000] * 4
JITTER = [n + 300 for n in (100, -100, 10, -10, 2, -2, 1, -1, 0, 0)]
CASES: list[tuple[str, int, int, int, dict[str, Any]]] = [
    # name, current, target %, result
    ("ScaleUp", 3, 30, 5, {"levels": [300, 500, 700]}),
    ("ScaleUpUnreadyLessScale", 3, 30, 4, {"levels": [300, 500, 700], "ready": [N, Y, Y]}),
    ("ScaleUpHotCpuLessScale", 3, 30, 4, {"levels": [300, 500, 700], "started": [NOW, COOL, COOL]}),
    ("ScaleUpUnreadyNoScale", 3, 30, 3, {"levels": [400, 500, 700], "ready": [Y, N, N]}),
    ("ScaleHotCpuNoScale", 3, 30, 3, {"levels": [400, 500, 700], "ready": [Y, N, N], "started": [COOL, NOW, NOW]}),
    (
        "ScaleUpIgnoresFailedPods", 2, 30, 4,
        {"levels": [500, 700], "ready": [Y, Y, N, N], "phase": ["running", "running", "failed", "failed"]},
    ),
    ("ScaleUpIgnoresDeletionPods", 2, 30, 4, {"levels": [500, 700], "ready": [Y, Y, N, N], "deleted": [N, N, Y, Y]}),
    ("ScaleDown", 5, 50, 3, {"levels": FIVE}),
    ("ScaleDownIncludeUnreadyPods", 5, 50, 2, {"levels": FIVE, "ready": [Y, Y, Y, N, N]}),
    (
        "ScaleDownExcludeUnscheduledPods", 5, 50, 1,
        {"levels": [100], "ready": [Y, N, N, N, N], "phase": ["running", *["pending"] * 4]},
    ),
    ("ScaleDownIgnoreHotCpuPods", 5, 50, 2, {"levels": FIVE, "started": [COOL, COOL, COOL, NOW, NOW]}),
    (
        "ScaleDownIgnoresFailedPods", 5, 50, 3,
        {"levels": FIVE, "ready": [Y, Y, Y, Y, Y, N, N], "phase": [*["running"] * 5, "failed", "failed"]},
    ),
    (
        "ScaleDownIgnoresDeletionPods", 5, 50, 3,
        {"levels": FIVE, "ready": [Y, Y, Y, Y, Y, N, N], "deleted": [N, N, N, N, N, Y, Y]},
    ),
    ("Tolerance", 3, 100, 3, {"levels": [1010, 1030, 1020], "requests": [900, 1000, 1100]}),
    ("SuperfluousMetrics", 4, 100, 24, {"levels": [4000, 9500, 3000, 7000]}),
    ("MissingMetrics", 4, 100, 3, {"levels": [400, 95], "requests": ONES4}),
    ("MissingMetricsNoChangeEq", 2, 100, 2, {"levels": [1000], "requests": [1000] * 2}),
    ("MissingMetricsNoChangeGt", 2, 100, 2, {"levels": [1900], "requests": [1000] * 2}),
    ("MissingMetricsNoChangeLt", 2, 100, 2, {"levels": [600], "requests": [1000] * 2}),
    ("MissingMetricsUnreadyChange", 3, 50, 3, {"levels": [100, 450], "requests": ONES3, "ready": [N, Y, Y]}),
    (
        "MissingMetricsHotCpuNoChange", 3, 50, 3,
        {"levels": [100, 450], "requests": ONES3, "started": [NOW, COOL, COOL]},
    ),
    ("MissingMetricsUnreadyScaleUp", 3, 50, 4, {"levels": [100, 2000], "requests": ONES3, "ready": [N, Y, Y]}),
    (
        "MissingMetricsHotCpuScaleUp", 3, 50, 4,
        {"levels": [100, 2000], "requests": ONES3, "ready": [N, Y, Y], "started": [NOW, COOL, COOL]},
    ),
    (
        "MissingMetricsUnreadyScaleDown", 4, 50, 3,
        {"levels": [100, 100, 100], "requests": ONES4, "ready": [N, Y, Y, Y]},
    ),
    ("DuringRollingUpdateWithMaxSurge", 2, 50, 2, {"levels": [100, 100], "requests": ONES3}),
    ("ComputedToleranceAlgImplementation, past the tolerance", 10, 56, 9, {"levels": [150] * 10, "requests": JITTER}),
    ("ComputedToleranceAlgImplementation, inside it", 10, 55, 10, {"levels": [150] * 10, "requests": JITTER}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("current", "target", "result", "given"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_a_utilisation_gives_the_published_count(current: int, target: int, result: int, given: dict[str, Any]) -> None:
    assert replicas(current, grouped(pods(**given)), target) == result


@pytest.mark.parametrize(
    ("current", "target", "result", "given"),
    [
        pytest.param(3, 15000, 4, {"levels": [20000, 10000, 30000]}, id="ScaleUpCM"),
        pytest.param(
            3, 15000, 6,
            {"levels": [50000, 10000, 30000], "ready": [Y, Y, N], "started": [COOL, COOL, NOW]},
            id="ScaleUpCMUnreadyHotCpuNoLessScale",
        ),
        pytest.param(
            3, 15000, 7,
            {"levels": [50000, 15000, 30000], "ready": [N, Y, N], "started": [NOW, COOL, NOW]},
            id="ScaleUpCMUnreadyHotCpuScaleWouldScaleDown",
        ),
        pytest.param(1, 4400, 2, {"levels": [8600]}, id="ScaleUpCMExternal, through pods"),
        pytest.param(5, 20000, 3, {"levels": [12000] * 5}, id="ScaleDownCM"),
        pytest.param(3, 20000, 3, {"levels": [20000, 21000, 21000]}, id="ToleranceCM"),
    ],
)  # fmt: skip
def test_a_raw_value_a_pod_gives_the_published_count(
    current: int, target: int, result: int, given: dict[str, Any]
) -> None:
    assert replicas(current, grouped(pods(**given), cpu=False), target, raw=True) == result


@pytest.mark.parametrize(
    "given", [pytest.param([], id="EmptyMetrics"), pytest.param([Pod(None)], id="DisjointResourcesMetrics")]
)
def test_without_a_usable_sample_there_is_no_count(given: list[Pod]) -> None:
    assert replicas(4, grouped(given), 100) is None


@pytest.mark.parametrize(
    ("current", "ready", "value", "target", "result"),
    [
        pytest.param(3, 3, 20000, 15000, 4, id="ScaleUpCMObject"),
        pytest.param(3, 1, 50000, 10000, 5, id="ScaleUpCMObjectIgnoresUnreadyPods"),
        pytest.param(3, 1, 8600, 4400, 2, id="ScaleUpCMExternalIgnoresUnreadyPods"),
        pytest.param(1, 1, 8600, 4400, 2, id="ScaleUpCMExternalNoLabels"),
        pytest.param(5, 5, 12000, 20000, 3, id="ScaleDownCMObject"),
        pytest.param(5, 5, 8600, 14334, 3, id="ScaleDownCMExternal"),
        pytest.param(3, 3, 20666, 20000, 3, id="ToleranceCMObject"),
        pytest.param(3, 3, 8600, 8888, 3, id="ToleranceCMExternal"),
        pytest.param(5, 5, 150, 100, 8, id="150 against 100 on five"),
        pytest.param(0, 0, 250, 100, 3, id="from zero by the ratio alone"),
    ],
)
def test_a_value_target_gives_the_published_count(
    current: int, ready: int, value: int, target: int, result: int
) -> None:
    assert by_value(current, ready, value, target) == result


@pytest.mark.parametrize(
    ("current", "value", "target", "result"),
    [
        pytest.param(3, 20000, 5000, 4, id="ScaleUpCMPerPodObject"),
        pytest.param(3, 8600, 2150, 4, id="ScaleUpPerPodCMExternal"),
        pytest.param(5, 6000, 2000, 3, id="ScaleDownPerPodCMObject"),
        pytest.param(5, 8600, 2867, 3, id="ScaleDownPerPodCMExternal"),
        pytest.param(4, 20166, 5000, 4, id="TolerancePerPodCMObject"),
        pytest.param(3, 8600, 2900, 3, id="TolerancePerPodCMExternal"),
        pytest.param(5, 150, 20, 8, id="150 shared by 20"),
    ],
)
def test_an_average_value_target_gives_the_published_count(current: int, value: int, target: int, result: int) -> None:
    assert by_average(current, value, target) == result


@pytest.mark.parametrize(
    ("current", "target", "levels", "groups", "result"),
    [
        pytest.param(3, 30, [300, 500, 700], (3, 0, 0), 5, id="50 % against 30 %"),
        pytest.param(3, 30, [320] * 3, (3, 0, 0), 3, id="a ratio of 1.067 holds"),
        pytest.param(4, 50, [200] * 3, (3, 0, 1), 4, id="three at 20 %, one missing: filled to 0.8"),
        pytest.param(4, 50, [1000] * 3, (3, 0, 1), 6, id="three at 100 %, one missing: 1.5"),
        pytest.param(3, 50, [1000], (1, 2, 0), 3, id="one at 100 %, two unready: the other side of 1, hold"),
    ],
)
def test_the_worked_cases_come_out(
    current: int, target: int, levels: list[int], groups: tuple[int, int, int], result: int
) -> None:
    _, unready, missing = groups
    made = Groups([Pod(level) for level in levels], [Pod(0)] * unready, [Pod(None)] * missing, [])
    assert replicas(current, made, target) == result


def pod(usage: int | None = 1, **more: Any) -> Pod:
    return Pod(usage, phase="succeeded", **more)


@pytest.mark.parametrize(
    ("given", "cpu", "sizes"),
    [  # sizes: ready, unready, missing, ignored
        pytest.param([], True, (0, 0, 0, 0), id="void"),
        pytest.param([pod(ready=None, started=None)], False, (1, 0, 0, 0), id="count in a ready pod - memory"),
        pytest.param([pod(ready=None, started=NOW)], True, (0, 1, 0, 0), id="ignore a pod without ready condition"),
        pytest.param(
            [pod(ready_since=NOW - 30_000, started=NOW - MINUTE, sampled=NOW, window=30_000)],
            True, (1, 0, 0, 0), id="count in a ready pod with fresh metrics during initialization period",
        ),
        pytest.param(
            [pod(ready_since=NOW - 30_000, started=NOW - MINUTE, sampled=NOW, window=MINUTE)],
            True, (0, 1, 0, 0), id="ignore a ready pod without fresh metrics during initialization period",
        ),
        pytest.param(
            [pod(ready=False, ready_since=NOW - 594_000, started=NOW - 10 * MINUTE)],
            True, (0, 1, 0, 0), id="ignore an unready pod during initialization period",
        ),
        pytest.param(
            [pod(ready_since=COOL, started=COOL, sampled=NOW - 2 * MINUTE)],
            True, (1, 0, 0, 0), id="count in a ready pod without fresh metrics after initialization period",
        ),
        pytest.param(
            [pod(ready_since=NOW - 2 * MINUTE, started=NOW - 2 * MINUTE, sampled=NOW - 2 * MINUTE, window=MINUTE)],
            True, (1, 0, 0, 0), id="at the very end of its initialisation period old metrics will do",
        ),
        pytest.param(
            [pod(ready=False, ready_since=NOW - 9 * MINUTE, started=NOW - 10 * MINUTE)],
            True, (1, 0, 0, 0), id="count in an unready pod that was ready after initialization period",
        ),
        pytest.param(
            [pod(ready=False, ready_since=NOW - 590_000, started=NOW - 10 * MINUTE)],
            True, (1, 0, 0, 0), id="the readiness changed exactly at the end of the delay",
        ),
        pytest.param([pod(None, ready=None, started=COOL)], True, (0, 0, 1, 0), id="a missing pod"),
        pytest.param(
            [
                pod(ready=None, started=NOW),
                pod(ready_since=COOL, started=COOL),
                pod(None, ready=None, started=COOL),
            ],
            True, (1, 1, 1, 0), id="several pods",
        ),
        pytest.param([Pod(None, phase="pending")], True, (0, 1, 0, 0), id="pending pods are unready"),
        pytest.param([Pod(1, deleted=True)], True, (0, 0, 0, 1), id="deleted pods are ignored"),
        pytest.param([Pod(1, phase="failed")], True, (0, 0, 0, 1), id="failed pods are ignored"),
    ],
)  # fmt: skip
def test_pods_are_grouped_by_what_their_samples_are_good_for(
    given: list[Pod], cpu: bool, sizes: tuple[int, int, int, int]
) -> None:
    assert tuple(map(len, grouped(given, cpu))) == sizes


@pytest.mark.parametrize(
    ("current", "proposals", "result"),
    [
        pytest.param(3, [4, 5], 5, id="the largest of several"),
        pytest.param(3, [4, None], 4, id="ScaleUpOneMetricEmpty: one invalid, growth goes through"),
        pytest.param(5, [3, None], None, id="NoScaleDownOneMetricInvalid: one invalid, no shrink"),
        pytest.param(5, [None, None], None, id="all invalid: hold"),
        pytest.param(5, [3, 2], 3, id="shrink to the larger"),
    ],
)
def test_metrics_are_combined_by_the_largest(current: int, proposals: list[int | None], result: int | None) -> None:
    assert combine(current, proposals) == result


def test_the_ends_of_the_tolerance_hold() -> None:
    assert within(0.9)
    assert within(1.1)
    assert not within(0.8999)
    assert not within(1.1001)
