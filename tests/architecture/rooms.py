"""The table of rooms: who may import whom, and which foreign library is imported where.

docs/architecture.md shows the same table and tests hold the two equal. To add a row, say in that page why.
"""

from __future__ import annotations

AGENT = "fleetfoot_agent"

#: room -> what it may import besides itself, the standard library and the foreign libraries below.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "spec": (),
    "core": ("spec", "fleetfoot_agent.histogram"),
    "traffic": ("spec",),
    "predict": ("spec", "traffic", "core"),
    "prices": ("spec",),
    "fleet": (AGENT,),
    "edge": ("core", "spec", AGENT, "traffic", "predict"),
    "load": ("core", "spec", AGENT, "traffic"),
    "run": ("core", "edge", "prices", "spec", "predict"),
    "sim": ("core", "spec", "traffic", "predict", "prices", AGENT),
    "plan": ("sim", "prices"),
    "provision": ("spec", "prices"),
    "face": (
        "spec",
        "core",
        "traffic",
        "predict",
        "prices",
        "fleet",
        "edge",
        "load",
        "run",
        "sim",
        "plan",
        "provision",
        AGENT,
    ),
}

#: foreign library -> the places under src/fleetfoot that may import it: a folder ends in "/".
FOREIGN: dict[str, tuple[str, ...]] = {
    "pydantic": ("spec/",),
    "pydantic_core": ("spec/",),
    "yaml": ("spec/",),
    "simpleeval": ("spec/formula.py",),
    "sqlalchemy": ("edge/journal/",),
    "botocore": ("edge/aws/session.py",),
    "starlette": ("face/",),
    "uvicorn": ("face/", "fleet/zygote.py"),
    "httptools": ("fleet/", "load/"),
    "uvloop": ("fleet/", "load/", "run/wire.py", "face/controller.py"),
    "numpy": ("sim/", "predict/models/"),
    "sklearn": ("predict/models/features.py",),
    "threadpoolctl": ("predict/models/features.py",),
    "statsmodels": ("predict/models/smoothing.py",),
    "pyarrow": ("traffic/table.py",),
    "numba": ("sim/",),
    "click": ("face/",),
    "rich": ("face/",),
}
