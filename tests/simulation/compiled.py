"""``python -m tests.simulation.compiled``: the simulated world once, so that its compiled code is on disk for all."""

from __future__ import annotations

import numpy as np

from fleetfoot.sim.measuring import friendly
from fleetfoot.sim.rivals import fixed_peak
from fleetfoot.sim.world import run

if __name__ == "__main__":
    run(np.full(60, 10.0), friendly(), fixed_peak(friendly(), 10.0))
