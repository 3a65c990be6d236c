"""Resources as typed data: fleetfoot.yaml -> CloudFormation, Terraform, IAM. Plain values, no foreign library."""

from __future__ import annotations

from fleetfoot.provision.plan import MODES, Plan
from fleetfoot.provision.refusals import Refusal, Refused
from fleetfoot.provision.stack import stack
from fleetfoot.provision.template import Template

__all__ = ["MODES", "Plan", "Refusal", "Refused", "Template", "stack"]
