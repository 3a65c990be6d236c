"""Forecasts of the traffic from its own past: history, models, the rolling back-test that chooses among them."""
