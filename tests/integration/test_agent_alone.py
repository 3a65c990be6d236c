"""The agent's distribution, built and put where nothing else is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

AGENT = Path(__file__).parents[2] / "src" / "fleetfoot_agent"

USE = """
import asyncio, json, sys
sys.path.insert(0, sys.argv[1])
import fleetfoot_agent
from fleetfoot_agent import agent, otel, wire

async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

async def send(message):
    pass

def wsgi(environ, start_response):
    start_response("503 Busy", [])
    return [b"no"]

asyncio.run(fleetfoot_agent.install(asgi)({"type": "http"}, None, send))
body = fleetfoot_agent.install(wsgi)({}, lambda *_: None)
list(body)
body.close()
otel.metrics(agent.recorder)
push = wire.decode(wire.encode(wire.push_of(agent.recorder.take(), ("shop", "shop-1", ""), 1)))
foreign = {name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"__main__"}
print(json.dumps([push.status, sorted(foreign), fleetfoot_agent.__file__]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, without a network: so with the build tools that are installed."""
    for tool in ("pip", "setuptools"):
        if find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed, and nothing can be fetched here")
    folder = tmp_path_factory.mktemp("agent")
    shutil.copytree(AGENT, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(folder / "source")], check=True, timeout=100)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_asks_for_nothing_and_holds_only_the_agent(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert "Requires-Dist" not in metadata
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"fleetfoot_agent"}
    modules = {path.name for path in AGENT.glob("*.py")}
    assert modules <= {name.removeprefix("fleetfoot_agent/") for name in names}
    assert "fleetfoot_agent/py.typed" in names


def test_the_agent_alone_counts_and_speaks_with_the_standard_library_only(wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*command, "--target", str(tmp_path), str(wheel)], check=True, timeout=100)
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", USE, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    )
    status, foreign, place = json.loads(said.stdout)
    assert status == {"2xx": 1, "5xx": 1}
    assert foreign == ["fleetfoot_agent"]
    assert Path(place).is_relative_to(tmp_path)
    assert said.stderr == ""
