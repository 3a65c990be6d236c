"""Security groups: a whitelist. Who may speak to whom is the table ``paths``, one row each."""

from __future__ import annotations

from typing import NamedTuple

from fleetfoot.provision.plan import Plan
from fleetfoot.provision.template import Part, Resource, Skip, Tagged, Value, attribute, ref

ANYWHERE = "0.0.0.0/0"
OPEN = Skip("CKV_AWS_260", "port 80 of the balancer is the service itself, or a redirect to 443")
POSTGRES, CACHE, SSH, PUSH = 5432, 6379, 22, 8900


class SecurityGroup(Tagged, of="AWS::EC2::SecurityGroup", named="GroupName"):
    GroupDescription: Value
    VpcId: Value
    SecurityGroupEgress: Value = None


class Door(Resource):
    """What a rule of either direction says."""

    GroupId: Value
    IpProtocol: Value = "tcp"
    FromPort: Value
    ToPort: Value
    Description: Value


class Ingress(Door, of="AWS::EC2::SecurityGroupIngress"):
    CidrIp: Value = None
    SourceSecurityGroupId: Value = None


class Egress(Door, of="AWS::EC2::SecurityGroupEgress"):
    DestinationSecurityGroupId: Value


class Path(NamedTuple):
    """``to`` takes ``port`` from ``source``: another group, or an address range."""

    to: str
    port: int
    source: str
    why: str
    condition: str | None = None


def paths(plan: Plan) -> list[Path]:
    """Every way in. What is not here is refused."""
    asks = plan.asks
    found = [
        Path("Balancer", 80, ANYWHERE, "HTTP from the internet"),
        Path("Balancer", 443, ANYWHERE, "HTTPS from the internet", "HasCertificate"),
        Path("Service", asks.port, "Balancer", "requests, from the balancer only"),
    ]
    if plan.mode == "controller":
        found.append(Path("Controller", PUSH, "Service", "what the tasks push each second"))
    if asks.database != "none":
        found.append(Path("Database", POSTGRES, "Service", "the tasks"))
        if asks.access == "bastion":
            found.append(Path("Database", POSTGRES, "Bastion", "people, through the bastion"))
    if asks.cache:
        found.append(Path("Cache", CACHE, "Service", "the tasks"))
    if asks.access == "bastion" and asks.bastion_from is not None:
        found.append(Path("Bastion", SSH, asks.bastion_from, "SSH from one address"))
    return found


GROUPS = {
    "Balancer": ("lb-sg", "the balancer"),
    "Service": ("service-sg", "the tasks"),
    "Controller": ("controller-sg", "the controller"),
    "Database": ("rds-sg", "the database"),
    "Cache": ("cache-sg", "the cache"),
    "Bastion": ("bastion-sg", "the bastion"),
}
"""Group -> (how its name ends, what it is for)."""
OUTWARD = ("Service", "Controller")
"""Groups that may call out, over HTTPS through NAT: images, AWS, other people's APIs."""


def group(name: str) -> Value:
    return attribute(f"{name}SecurityGroup", "GroupId")


def security(plan: Plan) -> Part:
    ways = paths(plan)
    found: dict[str, Resource] = {}
    for name in dict.fromkeys(way.to for way in ways):
        found[f"{name}SecurityGroup"] = _group(plan, name)
    for way in ways:
        found |= _way(way)
    return Part(title="who may speak to whom", resources=found)


def _group(plan: Plan, name: str) -> SecurityGroup:
    ends, about = GROUPS[name]
    full = plan.names.scaling(ends)
    nowhere = {
        "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": ANYWHERE, "Description": "HTTPS, through NAT",
    } if name in OUTWARD else {
        "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32",
        "Description": "nothing: without a rule here AWS would allow everything",
    }  # fmt: skip
    return SecurityGroup(
        called=full, GroupDescription=f"{full}: {about}", VpcId=ref("Vpc"), SecurityGroupEgress=[nowhere],
    )  # fmt: skip


def _way(way: Path) -> dict[str, Resource]:
    outside = way.source.endswith(("/0", "/32"))
    label = f"{way.to}From{'Internet' if way.source == ANYWHERE else 'Office' if outside else way.source}{way.port}"
    found: dict[str, Resource] = {
        label: Ingress(
            GroupId=group(way.to), FromPort=way.port, ToPort=way.port, Description=way.why,
            CidrIp=way.source if outside else None, SourceSecurityGroupId=None if outside else group(way.source),
            Condition=way.condition,
            skips=(OPEN,) if way.source == ANYWHERE and way.port == 80 else (),
        )
    }  # fmt: skip
    if not outside:
        found[f"{way.source}To{way.to}{way.port}"] = Egress(
            GroupId=group(way.source), FromPort=way.port, ToPort=way.port,
            Description=f"to {GROUPS[way.to][1]}", DestinationSecurityGroupId=group(way.to), Condition=way.condition,
        )  # fmt: skip
    return found
