"""One trial: a live fleet of the sample service, real traffic on it, and the figures of what happened.

``fleetfoot demo``, the live benches and the measurements of recorded traffic are all trials.
"""
