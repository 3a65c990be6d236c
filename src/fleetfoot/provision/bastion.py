"""A host to reach the database from, where the file asks for one: SSH from one address, and nothing else."""

from __future__ import annotations

from typing import Any

from fleetfoot.provision.network import subnets
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.roles import bastion_role
from fleetfoot.provision.security import group
from fleetfoot.provision.template import Parameter, Part, Resource, Skip, Tagged, Value, attribute, ref


class InstanceProfile(Resource, of="AWS::IAM::InstanceProfile"):
    Roles: Value


class Instance(Tagged, of="AWS::EC2::Instance"):
    ImageId: Value
    InstanceType: Value
    KeyName: Value
    IamInstanceProfile: Value
    NetworkInterfaces: Value
    MetadataOptions: Value
    BlockDeviceMappings: Value
    EbsOptimized: Value = True
    Monitoring: Value = True


def bastion(plan: Plan) -> Part:
    image = Parameter(
        Description="Amazon Linux, the newest", Type="AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        Default="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
    )  # fmt: skip
    key = Parameter(Description="The key pair that opens the bastion", Type="AWS::EC2::KeyPair::KeyName")
    return Part(
        title="bastion",
        resources=_bastion(plan),
        parameters={"BastionKey": key, "BastionImage": image},
        outputs={"BastionHost": ("ssh ec2-user@ this", attribute("Bastion", "PublicDnsName"))},
    )


def _bastion(plan: Plan) -> dict[str, Resource]:
    public: dict[str, Any] = {
        "DeviceIndex": "0", "AssociatePublicIpAddress": True, "SubnetId": subnets("public")[0],
        "GroupSet": [group("Bastion")],
    }  # fmt: skip
    return {
        "BastionRole": bastion_role().resource(plan),
        "BastionProfile": InstanceProfile(Roles=[ref("BastionRole")]),
        "Bastion": Instance(
            ImageId=ref("BastionImage"), InstanceType="t4g.nano", KeyName=ref("BastionKey"),
            IamInstanceProfile=ref("BastionProfile"), NetworkInterfaces=[public],
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeType": "gp3"}}],
            called=plan.names.of("bastion"), DependsOn=("PublicRoute",),
            skips=(Skip("CKV_AWS_88", "people reach it from one address; access: exec needs no such host"),),
        ),
    }  # fmt: skip
