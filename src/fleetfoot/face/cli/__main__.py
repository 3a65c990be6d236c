"""``python -m fleetfoot.face.cli``: the same as ``fleetfoot``."""

from fleetfoot.face.cli import main

main(prog_name="fleetfoot")
