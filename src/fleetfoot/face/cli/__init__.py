"""``fleetfoot``: a thin verb per file, imported when it is called, so that every call starts quickly."""

from __future__ import annotations

import importlib

import click

from fleetfoot import __doc__ as _about

# A new verb is one file here with a click command named like it, and one line in this table.
VERBS: dict[str, str] = {
    "init": "fleetfoot.face.cli.init:init",
    "import": "fleetfoot.face.cli.importing:import_verb",
    "adopt": "fleetfoot.face.cli.adopt:adopt",
    "check": "fleetfoot.face.cli.check:check",
    "schema": "fleetfoot.face.cli.schema:schema",
    "up": "fleetfoot.face.cli.up:up",
    "control": "fleetfoot.face.cli.control:control",
    "release": "fleetfoot.face.cli.release:release",
    "status": "fleetfoot.face.cli.status:status",
    "why": "fleetfoot.face.cli.why:why",
    "history": "fleetfoot.face.cli.history:history",
    "scale": "fleetfoot.face.cli.operate:scale",
    "pause": "fleetfoot.face.cli.operate:pause",
    "permit": "fleetfoot.face.cli.operate:permit",
    "resume": "fleetfoot.face.cli.operate:resume",
    "load": "fleetfoot.face.cli.load:load",
    "zone": "fleetfoot.face.cli.zone:zone",
    "update": "fleetfoot.face.cli.update:update",
    "trace": "fleetfoot.face.cli.trace:trace_verb",
    "simulate": "fleetfoot.face.cli.simulate:simulate",
    "forecast": "fleetfoot.face.cli.forecast:forecast",
    "compare": "fleetfoot.face.cli.compare:compare",
    "report": "fleetfoot.face.cli.report:report_verb",
    "tune": "fleetfoot.face.cli.tune:tune",
    "synth": "fleetfoot.face.cli.synth:synth",
    "iam": "fleetfoot.face.cli.iam:iam",
    "deploy": "fleetfoot.face.cli.deploy:deploy",
    "destroy": "fleetfoot.face.cli.destroy:destroy",
    "replay": "fleetfoot.face.cli.replay:replay",
    "demo": "fleetfoot.face.cli.demo:demo",
}


class Verbs(click.Group):
    """A click group that imports a verb's file when the verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module, attribute = VERBS[cmd_name].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=Verbs, help=_about or "Keeps a service inside its latency objective.")
@click.version_option(package_name="fleetfoot")
def main() -> None:
    pass
