"""One HTML file that shows a run: traffic, capacity, latency, queue, and each decision in words."""

from __future__ import annotations

from fleetfoot.face.report.html import render, write_report
from fleetfoot.face.report.model import Figure, Marker, Moment, Phase, RunReport

__all__ = ["Figure", "Marker", "Moment", "Phase", "RunReport", "render", "write_report"]
