"""``fleetfoot schema``: the JSON Schema of fleetfoot.yaml, for editors."""

from __future__ import annotations

import json

import click


@click.command(short_help="Print the JSON Schema of fleetfoot.yaml.")
def schema() -> None:
    """Print the JSON Schema of fleetfoot.yaml, so that an editor completes it."""
    from fleetfoot.spec.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
