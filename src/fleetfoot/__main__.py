"""``python -m fleetfoot`` is ``fleetfoot``."""

from fleetfoot.face.cli import main

if __name__ == "__main__":
    main(prog_name="fleetfoot")
