"""The load balancer: fast checks, fast release, and its access logs."""

from __future__ import annotations

from fleetfoot.provision.network import subnets
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.security import group
from fleetfoot.provision.statements import document
from fleetfoot.provision.template import (
    Parameter,
    Part,
    Resource,
    Skip,
    Tagged,
    Value,
    attribute,
    either,
    filled,
    pairs,
    ref,
    sub,
)

CHECK = {"interval": 5, "timeout": 2, "healthy": 2, "unhealthy": 2}  # s and times, the least that AWS takes
GOOD = "200-499"
"""Any answer that is no failure of the server: the path may ask for a login, and a task that says 404 is up."""
DEREGISTRATION = 30  # s
TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
OPEN = "an address without a certificate: port 80 is all there is; with CertificateArn it only redirects to 443"


class LoadBalancer(Tagged, of="AWS::ElasticLoadBalancingV2::LoadBalancer", named="Name"):
    Scheme: Value
    Type: Value
    Subnets: Value
    SecurityGroups: Value
    LoadBalancerAttributes: Value


class TargetGroup(Tagged, of="AWS::ElasticLoadBalancingV2::TargetGroup", named="Name"):
    VpcId: Value
    Port: Value
    Protocol: Value
    TargetType: Value
    HealthCheckPath: Value
    HealthCheckIntervalSeconds: Value
    HealthCheckTimeoutSeconds: Value
    HealthyThresholdCount: Value
    UnhealthyThresholdCount: Value
    Matcher: Value
    TargetGroupAttributes: Value


class Listener(Resource, of="AWS::ElasticLoadBalancingV2::Listener"):
    LoadBalancerArn: Value
    Port: Value
    Protocol: Value
    DefaultActions: Value
    Certificates: Value = None
    SslPolicy: Value = None


class Bucket(Tagged, of="AWS::S3::Bucket"):
    BucketEncryption: Value
    PublicAccessBlockConfiguration: Value
    VersioningConfiguration: Value
    LifecycleConfiguration: Value
    OwnershipControls: Value = None


class BucketPolicy(Resource, of="AWS::S3::BucketPolicy"):
    Bucket: Value
    PolicyDocument: Value


def balancer(plan: Plan) -> Part:
    certificate = Parameter(
        Description="ARN of a certificate for HTTPS; empty: HTTP only", Default=plan.asks.certificate or "",
        AllowedPattern="^$|^arn:aws[a-z-]*:acm:.*$",
    )  # fmt: skip
    url = either("HasCertificate", sub("https://${LoadBalancer.DNSName}"), sub("http://${LoadBalancer.DNSName}"))
    return Part(
        title="load balancer",
        resources={
            **_logs(plan),
            "LoadBalancer": _balancer(plan),
            "TargetGroup": _targets(plan),
            **_listeners(),
        },
        parameters={"CertificateArn": certificate},
        conditions={"HasCertificate": filled("CertificateArn")},
        outputs={
            "Url": ("Where the service answers", url),
            "LoadBalancerName": ("For an alias record", attribute("LoadBalancer", "DNSName")),
        },
    )


def _balancer(plan: Plan) -> LoadBalancer:
    return LoadBalancer(
        called=plan.names.scaling("alb"), Scheme="internet-facing", Type="application", Subnets=subnets("public"),
        SecurityGroups=[group("Balancer")], DependsOn=("AccessLogsPolicy", "GatewayAttachment"),
        LoadBalancerAttributes=pairs({
            "access_logs.s3.enabled": "true", "access_logs.s3.bucket": ref("AccessLogs"),
            "access_logs.s3.prefix": plan.names.app, "routing.http.drop_invalid_header_fields.enabled": "true",
            "routing.http.desync_mitigation_mode": "defensive", "deletion_protection.enabled": "false",
            "idle_timeout.timeout_seconds": "60",
        }),
        skips=(
            Skip("CKV_AWS_150", "a balancer keeps nothing: a stack that is taken down must go"),
            Skip("CKV2_AWS_28", "a firewall for web requests is a price and a set of rules of the user's own"),
        ),
    )  # fmt: skip


def _listeners() -> dict[str, Resource]:
    return {
        "HttpListener": Listener(
            LoadBalancerArn=ref("LoadBalancer"), Port=80, Protocol="HTTP",
            DefaultActions=[either("HasCertificate", _redirect(), _forward())],
            skips=(Skip("CKV_AWS_2", OPEN), Skip("CKV_AWS_103", OPEN), Skip("CKV2_AWS_20", OPEN)),
        ),
        "HttpsListener": Listener(
            LoadBalancerArn=ref("LoadBalancer"), Port=443, Protocol="HTTPS", SslPolicy=TLS, Condition="HasCertificate",
            Certificates=[{"CertificateArn": ref("CertificateArn")}], DefaultActions=[_forward()],
        ),
    }  # fmt: skip


def _forward() -> Value:
    return {"Type": "forward", "TargetGroupArn": ref("TargetGroup")}


def _redirect() -> Value:
    return {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}


def _targets(plan: Plan) -> TargetGroup:
    return TargetGroup(
        called=plan.names.scaling("tg"), VpcId=ref("Vpc"), Port=plan.asks.port, Protocol="HTTP", TargetType="ip",
        HealthCheckPath=plan.service.health.readiness.path, HealthCheckIntervalSeconds=CHECK["interval"],
        HealthCheckTimeoutSeconds=CHECK["timeout"], HealthyThresholdCount=CHECK["healthy"],
        UnhealthyThresholdCount=CHECK["unhealthy"], Matcher={"HttpCode": GOOD},
        why="a new task gets requests after one good answer, at most 5 s; a dead one loses them after two",
        TargetGroupAttributes=pairs({
            "deregistration_delay.timeout_seconds": str(DEREGISTRATION), "stickiness.enabled": "false",
            "load_balancing.algorithm.type": "least_outstanding_requests",
        }),
        skips=(Skip("CKV_AWS_378", "requests end their encryption at the balancer, inside the network"),),
    )  # fmt: skip


def _logs(plan: Plan) -> dict[str, Resource]:
    """The bucket of the access logs, and the right of the balancer alone to write there."""
    within = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    deliver = {
        "Sid": "Deliver", "Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject", "Condition": within,
        "Resource": sub("${AccessLogs.Arn}/" + plan.names.app + "/AWSLogs/${AWS::AccountId}/*"),
    }  # fmt: skip
    plainly = {
        "Sid": "NoPlainHttp", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": sub("${AccessLogs.Arn}/*"), "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    days = max(plan.asks.logs, 1)
    bucket = Bucket(
        BucketEncryption={
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        ),
        VersioningConfiguration={"Status": "Enabled"},
        LifecycleConfiguration={
            "Rules": [
                {
                    "Id": "forget", "Status": "Enabled", "ExpirationInDays": days,
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        called=plan.names.of("access-logs"), DeletionPolicy="Retain",
        why="kept when the stack goes: a bucket with logs cannot be deleted, and they may be wanted",
        skips=(
            Skip("CKV_AWS_18", "it holds access logs itself"),
            Skip("CKV_AWS_145", "the balancer writes to buckets with S3's own key only"),
        ),
    )  # fmt: skip
    policy = BucketPolicy(Bucket=ref("AccessLogs"), PolicyDocument=document(deliver, plainly))
    return {"AccessLogs": bucket, "AccessLogsPolicy": policy}
