"""One scene a reason code: a world in which the engine really gives that reason, and the decision in which it does."""

from tests.unit.core.scenes import demand, forecast, guards, policies, resources, sight, warm
from tests.unit.core.scenes.table import CALM, SCENES, played

__all__ = ["CALM", "SCENES", "demand", "forecast", "guards", "played", "policies", "resources", "sight", "warm"]
