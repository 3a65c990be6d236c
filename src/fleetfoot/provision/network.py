"""VPC, subnets of three tiers in two zones, routes, NAT, flow logs."""

from __future__ import annotations

from fleetfoot.provision.logs import LogGroup
from fleetfoot.provision.plan import ZONES, Plan
from fleetfoot.provision.roles import flow_role
from fleetfoot.provision.template import Part, Resource, Skip, Tagged, Value, attribute, ref

CIDR = "10.0.0.0/16"
TIERS = {"public": 0, "private": 10, "db": 20}
"""Tier -> the third number of its first subnet; each zone has a /24. db has no way to the internet at all."""


class Vpc(Tagged, of="AWS::EC2::VPC"):
    CidrBlock: Value
    EnableDnsHostnames: Value = True
    EnableDnsSupport: Value = True


class InternetGateway(Tagged, of="AWS::EC2::InternetGateway"):
    pass


class GatewayAttachment(Resource, of="AWS::EC2::VPCGatewayAttachment"):
    VpcId: Value
    InternetGatewayId: Value


class Subnet(Tagged, of="AWS::EC2::Subnet"):
    VpcId: Value
    CidrBlock: Value
    AvailabilityZone: Value
    MapPublicIpOnLaunch: Value = False


class RouteTable(Tagged, of="AWS::EC2::RouteTable"):
    VpcId: Value


class Route(Resource, of="AWS::EC2::Route"):
    RouteTableId: Value
    DestinationCidrBlock: Value = "0.0.0.0/0"
    GatewayId: Value = None
    NatGatewayId: Value = None


class RouteAssociation(Resource, of="AWS::EC2::SubnetRouteTableAssociation"):
    RouteTableId: Value
    SubnetId: Value


class Address(Tagged, of="AWS::EC2::EIP"):
    Domain: Value = "vpc"


class NatGateway(Tagged, of="AWS::EC2::NatGateway"):
    AllocationId: Value
    SubnetId: Value


class FlowLog(Tagged, of="AWS::EC2::FlowLog"):
    ResourceId: Value
    DeliverLogsPermissionArn: Value
    LogDestination: Value
    ResourceType: Value = "VPC"
    TrafficType: Value = "ALL"
    LogDestinationType: Value = "cloud-watch-logs"
    MaxAggregationInterval: Value = 60


def subnets(tier: str) -> list[Value]:
    """Both subnets of ``tier``."""
    return [ref(_id(tier, number)) for number in range(len(ZONES))]


def network(plan: Plan) -> Part:
    names = plan.names
    found: dict[str, Resource] = {
        "Vpc": Vpc(called=f"{names.workspace}-vpc", CidrBlock=CIDR),
        "InternetGateway": InternetGateway(called=f"{names.workspace}-igw"),
        "GatewayAttachment": GatewayAttachment(VpcId=ref("Vpc"), InternetGatewayId=ref("InternetGateway")),
    }
    for tier in TIERS:
        for number in range(len(ZONES)):
            found |= _subnet(plan, tier, number)
    found["PublicRoute"] = Route(
        RouteTableId=ref("PublicRouteTable"), GatewayId=ref("InternetGateway"), DependsOn=("GatewayAttachment",)
    )
    found |= _nat(plan)
    found |= _flow(plan)
    return Part(title="network", resources=found, outputs={"VpcId": ("The network", ref("Vpc"))})


def _id(tier: str, number: int) -> str:
    return f"{tier.title()}Subnet{ZONES[number].upper()}"


def _subnet(plan: Plan, tier: str, number: int) -> dict[str, Resource]:
    """One subnet on its route table: one table for all public, one for all db, one for each private zone."""
    own, zone = _id(tier, number), ZONES[number].upper()
    table = f"PrivateRouteTable{zone}" if tier == "private" else f"{tier.title()}RouteTable"
    found: dict[str, Resource] = {
        own: Subnet(
            called=plan.names.subnet(tier, number),
            VpcId=ref("Vpc"),
            CidrBlock=f"10.0.{TIERS[tier] + number}.0/24",
            AvailabilityZone={"Fn::Select": [number, {"Fn::GetAZs": ""}]},
        )
    }
    if tier == "private" or number == 0:
        why = "no route but the network's own: nothing here reaches the internet" if tier == "db" else ""
        label = f"{plan.names.workspace}-rt-{tier}" + (f"-{ZONES[number]}" if tier == "private" else "")
        found[table] = RouteTable(called=label, VpcId=ref("Vpc"), why=why)
    found[f"{own}Routes"] = RouteAssociation(RouteTableId=ref(table), SubnetId=ref(own))
    return found


def _nat(plan: Plan) -> dict[str, Resource]:
    """The gateways, and the way out of each private zone: its own gateway, or the one there is."""
    found: dict[str, Resource] = {}
    for number in range(plan.asks.nat):
        zone, label = ZONES[number].upper(), f"{plan.names.workspace}-nat-{ZONES[number]}"
        found[f"NatAddress{zone}"] = Address(
            called=label, DependsOn=("GatewayAttachment",),
            skips=(Skip("CKV2_AWS_19", "the address of a NAT gateway"),),
        )  # fmt: skip
        found[f"NatGateway{zone}"] = NatGateway(
            called=label, AllocationId=attribute(f"NatAddress{zone}", "AllocationId"),
            SubnetId=ref(_id("public", number)),
        )  # fmt: skip
    for number in range(len(ZONES)):
        zone, gateway = ZONES[number].upper(), ZONES[min(number, plan.asks.nat - 1)].upper()
        found[f"PrivateRoute{zone}"] = Route(
            RouteTableId=ref(f"PrivateRouteTable{zone}"), NatGatewayId=ref(f"NatGateway{gateway}"),
            why="" if gateway == zone else "one gateway for both zones: nat: 2 gives this zone its own",
        )  # fmt: skip
    return found


def _flow(plan: Plan) -> dict[str, Resource]:
    return {
        "FlowLogGroup": LogGroup.of(plan, "flow"),
        "FlowLogRole": flow_role().resource(plan),
        "FlowLog": FlowLog(
            called=f"{plan.names.workspace}-flow", ResourceId=ref("Vpc"),
            DeliverLogsPermissionArn=attribute("FlowLogRole", "Arn"), LogDestination=attribute("FlowLogGroup", "Arn"),
        ),
    }  # fmt: skip
