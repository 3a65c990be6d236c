"""Deterministic simulation: random services in random weather, with what must hold checked at every tick."""
