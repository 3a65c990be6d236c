"""``provision``: what only a template needs to know: names, image, network, and what stands beside the service."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any, shown
from fleetfoot.spec.forms import ChoiceForm, TextForm, WholeForm, matching
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import Flag, ShareForm

RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Days CloudWatch Logs can keep a log; it takes no other number."""


_boundary = matching(
    r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+",
    "is no managed policy: write its ARN, arn:aws:iam::ACCOUNT:policy/NAME",
)
_name = matching(
    r"[a-z][a-z0-9-]{0,18}[a-z0-9]",
    "is not allowed: 2 to 20 small letters, digits and hyphens, since AWS bounds what is made of it at 32",
)
_certificate = matching(
    r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/\S+",
    "is no certificate: write its ARN, arn:aws:acm:REGION:ACCOUNT:certificate/ID",
)


def _address(text: str) -> str:
    match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:/(\d+))?", text)
    if match is None or any(int(part) > 255 for part in match.groups()[:4]):
        raise Wrong(f"{shown(text)} is no address: write one such as 203.0.113.7/32")
    if match[5] not in (None, "32"):
        raise Wrong(f"{shown(text)} is more than one address: the bastion is open to one /32 and no more")
    return text.removesuffix("/32") + "/32"


_namespace = matching(
    r"(?!AWS/)[A-Za-z0-9._/#:-]{1,255}", "is no namespace: letters, digits and ._/#:-, not beginning with AWS/"
)


def _days(text: str) -> str:
    if int(text) not in RETENTION:
        nearest = min(RETENTION, key=lambda days: abs(days - int(text)))
        raise Wrong(f"{text} days is none that CloudWatch Logs keeps: the nearest is {nearest}")
    return text


class _Retention(WholeForm):
    noun = "a number of days"
    examples = "7, 30 or 90"

    def parse(self, text: str) -> int:
        return int(_days(str(super().parse(text))))


_Cidr = Annotated[str, TextForm("an address", "203.0.113.7/32", _address)]


class Provision(Part):
    """A service on AWS: what `fleetfoot synth` writes a template of, beside what the rest of the file says."""

    example: ClassVar[str] = "{app: my-app, port: 19505, nat: 2, database: postgres}"

    app: Annotated[str, TextForm("a name", "my-app", _name)] | None = None
    """What the names of all resources begin with. Default: the service's name."""
    workspace: Annotated[str, TextForm("a name", "my-workspace", _name)] | None = None
    """What the names of the network begin with. Default: as `app`."""
    port: Annotated[int, WholeForm(low=1, high=65_535)] = 8080
    """The port the container listens on. Default 8080; the task has it as $PORT."""
    image: Annotated[str, TextForm("an image", "ACCOUNT.dkr.ecr.REGION.amazonaws.com/my-app:1.0")] | None = None
    """The default of the template's parameter Image. Default: none, and it is asked for."""
    certificate: Annotated[str, TextForm("an ARN", "arn:aws:acm:...", _certificate)] | None = None
    """The default of the parameter CertificateArn; with one, port 80 only redirects to 443. Default: none."""
    nat: Annotated[int, WholeForm(low=1, high=2)] = 1
    """NAT gateways: 2 keep the tasks of each zone connected when the other is lost. Default 1: each costs a task or
    more."""
    architecture: Annotated[str, ChoiceForm(("x86", "arm"))] = "x86"
    """What the image is built for. Default x86; arm is a fifth cheaper."""
    spot: Annotated[float, ShareForm(low=0, high=1)] = 0.0
    """The share of the tasks above capacity.min that run on spare capacity, which AWS takes back at two minutes'
    notice. Default 0."""
    database: Annotated[str, ChoiceForm(("none", "postgres", "aurora"))] = "none"
    """postgres is RDS, aurora is Aurora Serverless v2 with 0.5 to 16 ACU. Default none."""
    standby: Flag = True
    """Whether the database has a standby in the other zone, and takes over by itself. Default on; off saves half."""
    cache: Flag = False
    """Whether there is a Valkey cache, as for sessions. Default off."""
    access: Annotated[str, ChoiceForm(("none", "exec", "bastion"))] = "none"
    """How people get in: exec opens a shell in a task through SSM, bastion is a host with SSH. Default none."""
    bastion_from: _Cidr | None = None
    """The one address that may reach the bastion. Required with access: bastion."""
    boundary: Annotated[str, TextForm("an ARN", "arn:aws:iam::ACCOUNT:policy/most", _boundary)] | None = None
    """The permissions boundary of every role: what none of them may pass, whatever its policy says. Default: none."""
    logs: Annotated[int, _Retention(low=1)] = 30
    """Days that logs are kept. Default 30."""
    namespace: Annotated[str, TextForm("a namespace", "MyApp/Performance", _namespace)] | None = None
    """Where the metrics of the service are in CloudWatch. Default: Fleetfoot/ and the service's name."""
    email: Annotated[str, TextForm("an address", "ops@example.com")] | None = None
    """The default of the parameter AlertEmail: who is told of alarms, stopped tasks and the budget. Default: nobody."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        wrongs = []
        if (self.access == "bastion") != (self.bastion_from is not None):
            missing = self.bastion_from is None
            text = "missing: write the one address that may reach it, such as 203.0.113.7/32"
            unused = f"is not used with access: {self.access}"
            wrongs.append(Wrong(text if missing else unused, at=("bastion from",), about=[("access",)]))
        raise_if_any(wrongs)
        return self
