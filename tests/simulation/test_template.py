"""A template in charge of the simulated service: each mode answers a surge in its time, and shrinks nothing blind."""

from __future__ import annotations

import numpy as np
import pytest

from fleetfoot.provision import stack
from fleetfoot.provision.write import to_yaml
from fleetfoot.sim.clocks import clocks
from fleetfoot.sim.native import Backstopped, execute, with_bounds
from fleetfoot.sim.native.play import in_charge
from fleetfoot.sim.service import plan_of
from fleetfoot.sim.world import Run, run
from tests.unit.provision.made import STEPS, plan

ONSET, END = 607, 1100  # s
CPU = "[target: {signal: cpu, value: 60%}]"
POLICIES = {"alarms": STEPS, "native20": CPU, "controller": "[slo]"}


def surge(mode: str, lost: int | None = None, gone: bool = False) -> Run:
    """60/s on six tasks, which are half of what they carry, then four times as many for good."""
    made = plan(mode, POLICIES[mode])
    executed = execute("stack.yaml", to_yaml(stack(made)).encode())
    scaler, ours = in_charge(executed, made.service)
    native = scaler.native if isinstance(scaler, Backstopped) else scaler
    native.lost = lost
    if ours is not None:
        ours.lost = lost
    if isinstance(scaler, Backstopped) and gone:
        scaler.gone = (1000 * (ONSET - 60), 1000 * END)
    rates = np.full(END, 60.0)
    rates[ONSET:] *= 4
    return run(rates, with_bounds(plan_of(made.service).setup, executed), scaler, 1, initial=6)


@pytest.mark.parametrize(
    ("mode", "gone", "least", "most"),
    [
        pytest.param("alarms", False, 10, 30, id="alarms"),
        pytest.param("native20", False, 70, 110, id="native20-published-86-s"),
        pytest.param("controller", False, 0, 3, id="controller"),
        pytest.param("controller", True, 70, 115, id="a-dead-controllers-backstop"),
    ],
)
def test_each_mode_orders_in_the_time_it_is_said_to(mode: str, gone: bool, least: int, most: int) -> None:
    command = clocks(surge(mode, gone=gone), ONSET).command
    assert command is not None
    assert least <= command / 1000 <= most


@pytest.mark.parametrize("mode", POLICIES)
@pytest.mark.parametrize("after", [0, 5, 90])
def test_metrics_that_break_off_in_a_surge_shrink_nothing(mode: str, after: int) -> None:
    lost = 1000 * (ONSET + after)
    assert not any(order.after < order.before for order in surge(mode, lost).orders if order.at >= lost)
