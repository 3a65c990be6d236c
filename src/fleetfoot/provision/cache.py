"""A Valkey cache, where the file asks for one: sessions that outlive a task."""

from __future__ import annotations

from fleetfoot.provision.control import secret
from fleetfoot.provision.network import subnets
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.security import group
from fleetfoot.provision.template import Part, Resource, Skip, Tagged, Value, attribute, ref, sub


class CacheSubnetGroup(Tagged, of="AWS::ElastiCache::SubnetGroup", named="CacheSubnetGroupName"):
    Description: Value
    SubnetIds: Value


class ReplicationGroup(Tagged, of="AWS::ElastiCache::ReplicationGroup", named="ReplicationGroupId"):
    ReplicationGroupDescription: Value
    Engine: Value
    CacheNodeType: Value
    NumCacheClusters: Value
    AutomaticFailoverEnabled: Value
    MultiAZEnabled: Value
    CacheSubnetGroupName: Value
    SecurityGroupIds: Value
    AuthToken: Value
    AtRestEncryptionEnabled: Value = True
    TransitEncryptionEnabled: Value = True


def cache(plan: Plan) -> Part:
    host = ("The cache, from within the network", attribute("Cache", "PrimaryEndPoint.Address"))
    return Part(title="cache", resources=_cache(plan), outputs={"CacheHost": host})


def _cache(plan: Plan) -> dict[str, Resource]:
    name = plan.names.of("cache")
    return {
        "CacheSecret": secret(plan, "cache-password", "what the tasks open the cache with"),
        "CacheSubnets": CacheSubnetGroup(
            called=name, Description="no way to the internet", SubnetIds=subnets("db"),
        ),
        "Cache": ReplicationGroup(
            called=name, ReplicationGroupDescription=f"{name}: sessions", Engine="valkey",
            CacheNodeType="cache.t4g.micro", NumCacheClusters=2 if plan.asks.standby else 1,
            AutomaticFailoverEnabled=plan.asks.standby, MultiAZEnabled=plan.asks.standby,
            CacheSubnetGroupName=ref("CacheSubnets"), SecurityGroupIds=[group("Cache")],
            AuthToken=sub("{{resolve:secretsmanager:${CacheSecret}}}"),
            skips=(Skip("CKV_AWS_191", "encrypted with AWS's own key; a customer key is a price more"),),
        ),
    }  # fmt: skip
