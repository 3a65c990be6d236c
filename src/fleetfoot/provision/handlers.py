"""What CloudFormation does with the caller's permissions for each type of the template.

After the handlers of each type in CloudFormation's registry, of what our templates use. No account has tried it: what
is missing is named by the first failed event of the stack.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """For ``kind``, CloudFormation does ``does`` of ``service`` on ``on``: paths of ARNs, or ``*``."""

    kind: str
    service: str
    on: str
    does: str


ROWS = (
    Row("EC2::VPC", "ec2", "vpc/*", "CreateVpc DeleteVpc ModifyVpcAttribute DescribeVpcAttribute"),
    Row("EC2::VPC", "ec2", "vpc/*", "CreateTags DeleteTags"),
    Row("EC2::VPC", "ec2", "*", "DescribeNetworkAcls DescribeSecurityGroups DescribeVpcs"),
    Row("EC2::Subnet", "ec2", "subnet/* vpc/*", "CreateSubnet DeleteSubnet ModifySubnetAttribute"),
    Row("EC2::Subnet", "ec2", "*", "DescribeSubnets DescribeAvailabilityZones"),
    Row("EC2::InternetGateway", "ec2", "internet-gateway/*", "CreateInternetGateway DeleteInternetGateway"),
    Row("EC2::InternetGateway", "ec2", "*", "DescribeInternetGateways"),
    Row("EC2::VPCGatewayAttachment", "ec2", "internet-gateway/* vpc/*", "AttachInternetGateway DetachInternetGateway"),
    Row("EC2::RouteTable", "ec2", "route-table/* vpc/*", "CreateRouteTable DeleteRouteTable"),
    Row("EC2::RouteTable", "ec2", "*", "DescribeRouteTables"),
    Row("EC2::Route", "ec2", "route-table/*", "CreateRoute DeleteRoute ReplaceRoute"),
    Row(
        "EC2::SubnetRouteTableAssociation", "ec2", "route-table/* subnet/*",
        "AssociateRouteTable DisassociateRouteTable",
    ),
    Row("EC2::EIP", "ec2", "elastic-ip/*", "AllocateAddress ReleaseAddress"),
    Row("EC2::EIP", "ec2", "*", "DescribeAddresses"),
    Row("EC2::NatGateway", "ec2", "natgateway/* elastic-ip/* subnet/*", "CreateNatGateway DeleteNatGateway"),
    Row("EC2::NatGateway", "ec2", "*", "DescribeNatGateways"),
    Row("EC2::FlowLog", "ec2", "vpc-flow-log/* vpc/*", "CreateFlowLogs DeleteFlowLogs"),
    Row("EC2::FlowLog", "ec2", "*", "DescribeFlowLogs"),
    Row("EC2::FlowLog", "logs", "*", "CreateLogDelivery DeleteLogDelivery"),
    Row(
        "EC2::SecurityGroup", "ec2", "security-group/* security-group-rule/* vpc/*",
        "CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress "
        "RevokeSecurityGroupEgress RevokeSecurityGroupIngress UpdateSecurityGroupRuleDescriptionsEgress "
        "UpdateSecurityGroupRuleDescriptionsIngress",
    ),
    Row(
        "EC2::SecurityGroupIngress", "ec2", "security-group/* security-group-rule/*",
        "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress",
    ),
    Row(
        "EC2::SecurityGroupEgress", "ec2", "security-group/* security-group-rule/*",
        "AuthorizeSecurityGroupEgress RevokeSecurityGroupEgress",
    ),
    Row("EC2::SecurityGroup", "ec2", "*", "DescribeInstances DescribeSecurityGroupRules"),
    Row(
        "EC2::Instance", "ec2", "instance/* network-interface/* volume/* key-pair/* image/*",
        "RunInstances TerminateInstances StartInstances StopInstances ModifyInstanceAttribute MonitorInstances "
        "AssociateIamInstanceProfile DisassociateIamInstanceProfile ReplaceIamInstanceProfileAssociation",
    ),
    Row(
        "EC2::Instance", "ec2", "*",
        "DescribeIamInstanceProfileAssociations DescribeImages DescribeInstanceAttribute "
        "DescribeInstanceCreditSpecifications DescribeKeyPairs DescribeNetworkInterfaces DescribeVolumes",
    ),
    Row("EC2::Instance", "ssm", "parameter/aws/service/*", "GetParameters"),
    Row(
        "ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing", "loadbalancer/app/{alb}/*",
        "CreateLoadBalancer DeleteLoadBalancer ModifyLoadBalancerAttributes SetSubnets SetSecurityGroups "
        "SetIpAddressType AddTags RemoveTags",
    ),
    Row(
        "ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing", "*",
        "DescribeLoadBalancers DescribeLoadBalancerAttributes DescribeCapacityReservation DescribeTags",
    ),
    Row(
        "ElasticLoadBalancingV2::TargetGroup", "elasticloadbalancing", "targetgroup/{tg}/*",
        "CreateTargetGroup DeleteTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes AddTags RemoveTags",
    ),
    Row(
        "ElasticLoadBalancingV2::TargetGroup", "elasticloadbalancing", "*",
        "DescribeTargetGroups DescribeTargetGroupAttributes DescribeTargetHealth",
    ),
    Row(
        "ElasticLoadBalancingV2::Listener", "elasticloadbalancing", "listener/app/{alb}/* loadbalancer/app/{alb}/*",
        "CreateListener DeleteListener ModifyListener ModifyListenerAttributes",
    ),
    Row(
        "ElasticLoadBalancingV2::Listener", "elasticloadbalancing", "*", "DescribeListeners DescribeListenerAttributes"
    ),
    Row(
        "S3::Bucket", "s3", "{app}-accesslogs-*",
        "CreateBucket DeleteBucket ListBucket PutBucketOwnershipControls PutBucketPublicAccessBlock PutBucketTagging "
        "PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration GetBucketOwnershipControls "
        "GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetEncryptionConfiguration "
        "GetLifecycleConfiguration",
    ),
    Row("S3::BucketPolicy", "s3", "{app}-accesslogs-*", "GetBucketPolicy PutBucketPolicy DeleteBucketPolicy"),
    Row(
        "ECR::Repository", "ecr", "repository/{task}",
        "CreateRepository DeleteRepository DescribeRepositories GetLifecyclePolicy GetRepositoryPolicy "
        "ListTagsForResource PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy TagResource "
        "UntagResource",
    ),
    Row(
        "ECS::Cluster", "ecs", "cluster/{cluster}",
        "CreateCluster DeleteCluster DescribeClusters PutClusterCapacityProviders UpdateCluster UpdateClusterSettings "
        "TagResource UntagResource ListTagsForResource",
    ),
    Row(
        "ECS::Service", "ecs", "service/{cluster}/* service-deployment/{cluster}/*",
        "CreateService DeleteService DescribeServices UpdateService DescribeServiceDeployments ListServiceDeployments "
        "StopServiceDeployment TagResource UntagResource ListTagsForResource",
    ),
    Row("ECS::TaskDefinition", "ecs", "task-definition/{task}:* task-definition/{app}-controller:*", "TagResource"),
    Row("ECS::TaskDefinition", "ecs", "*", "DeregisterTaskDefinition DescribeTaskDefinition RegisterTaskDefinition"),
    Row(
        "ApplicationAutoScaling::ScalableTarget", "application-autoscaling", "scalable-target/*",
        "RegisterScalableTarget DeregisterScalableTarget PutScheduledAction DeleteScheduledAction",
    ),
    Row(
        "ApplicationAutoScaling::ScalableTarget", "application-autoscaling", "*",
        "DescribeScalableTargets DescribeScheduledActions",
    ),
    Row(
        "ApplicationAutoScaling::ScalingPolicy", "application-autoscaling", "scalable-target/*",
        "PutScalingPolicy DeleteScalingPolicy",
    ),
    Row("ApplicationAutoScaling::ScalingPolicy", "application-autoscaling", "*", "DescribeScalingPolicies"),
    Row(
        "ApplicationAutoScaling::ScalingPolicy", "cloudwatch", "alarm:TargetTracking-service/{cluster}/*",
        "PutMetricAlarm DeleteAlarms DescribeAlarms",
    ),
    Row(
        "CloudWatch::Alarm", "cloudwatch", "alarm:{app}-*",
        "PutMetricAlarm DeleteAlarms DescribeAlarms ListTagsForResource TagResource UntagResource",
    ),
    Row("CloudWatch::Dashboard", "cloudwatch", "dashboard/{app}-service", "PutDashboard GetDashboard DeleteDashboards"),
    Row(
        "Logs::LogGroup", "logs", "log-group:{logs}/*",
        "CreateLogGroup DeleteLogGroup PutRetentionPolicy TagResource UntagResource ListTagsForResource",
    ),
    Row("Logs::LogGroup", "logs", "*", "DescribeLogGroups DescribeIndexPolicies DescribeResourcePolicies"),
    Row(
        "SNS::Topic", "sns", "{app}-alerts",
        "CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes ListSubscriptionsByTopic ListTagsForResource "
        "TagResource UntagResource",
    ),
    Row("SNS::TopicPolicy", "sns", "{app}-alerts", "SetTopicAttributes"),
    Row("SNS::Subscription", "sns", "{app}-alerts", "Subscribe Unsubscribe GetSubscriptionAttributes"),
    Row(
        "Events::Rule", "events", "rule/{app}-*",
        "PutRule DeleteRule DescribeRule PutTargets RemoveTargets ListTargetsByRule ListTagsForResource TagResource "
        "UntagResource",
    ),
    Row("Budgets::Budget", "budgets", "budget/{app}-monthly", "ModifyBudget ViewBudget TagResource"),
    Row(
        "IAM::Role", "iam", "role/{app}-*",
        "CreateRole DeleteRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy PutRolePolicy "
        "GetRolePolicy DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies TagRole UntagRole",
    ),
    Row(
        "IAM::InstanceProfile", "iam", "instance-profile/{app}-*",
        "CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile AddRoleToInstanceProfile "
        "RemoveRoleFromInstanceProfile",
    ),
    Row(
        "SecretsManager::Secret", "secretsmanager", "secret:{logs}/*",
        "CreateSecret DeleteSecret DescribeSecret GetSecretValue UpdateSecret TagResource UntagResource",
    ),
    Row("SecretsManager::Secret", "secretsmanager", "*", "GetRandomPassword"),
    Row(
        "SSM::Parameter", "ssm", "parameter{logs}/*",
        "PutParameter DeleteParameter GetParameters AddTagsToResource RemoveTagsFromResource ListTagsForResource",
    ),
    Row(
        "ServiceDiscovery::PrivateDnsNamespace", "servicediscovery", "namespace/*",
        "DeleteNamespace GetNamespace TagResource UntagResource ListTagsForResource",
    ),
    Row("ServiceDiscovery::PrivateDnsNamespace", "servicediscovery", "*", "CreatePrivateDnsNamespace GetOperation"),
    Row("ServiceDiscovery::PrivateDnsNamespace", "route53", "*", "CreateHostedZone ListHostedZonesByName"),
    Row("ServiceDiscovery::PrivateDnsNamespace", "route53", "hostedzone/*", "DeleteHostedZone GetHostedZone"),
    Row(
        "ServiceDiscovery::Service", "servicediscovery", "service/* namespace/*",
        "CreateService DeleteService GetService UpdateService TagResource UntagResource ListTagsForResource",
    ),
    Row(
        "RDS::DBInstance", "rds", "db:{app}-* subgrp:{app}-* pg:{app}-* cluster:{app}-* og:default:* snapshot:{app}-*",
        "CreateDBInstance DeleteDBInstance ModifyDBInstance RebootDBInstance DescribeDBInstances CreateDBSnapshot "
        "AddTagsToResource RemoveTagsFromResource",
    ),
    Row("RDS::DBInstance", "rds", "*", "DescribeDBEngineVersions DescribeEvents"),
    Row(
        "RDS::DBCluster", "rds", "cluster:{app}-* cluster-pg:{app}-* cluster-snapshot:{app}-*",
        "CreateDBCluster DeleteDBCluster ModifyDBCluster DescribeDBClusters CreateDBClusterSnapshot",
    ),
    Row(
        "RDS::DBSubnetGroup", "rds", "subgrp:{app}-*",
        "CreateDBSubnetGroup DeleteDBSubnetGroup ModifyDBSubnetGroup DescribeDBSubnetGroups ListTagsForResource",
    ),
    Row("RDS::DBSubnetGroup", "secretsmanager", "secret:rds!*", "CreateSecret TagResource"),
    Row("RDS::DBSubnetGroup", "kms", "key/*", "DescribeKey"),
    Row(
        "RDS::DBParameterGroup", "rds", "pg:{app}-*",
        "CreateDBParameterGroup DeleteDBParameterGroup ModifyDBParameterGroup DescribeDBParameterGroups "
        "DescribeDBParameters",
    ),
    Row(
        "RDS::DBClusterParameterGroup", "rds", "cluster-pg:{app}-*",
        "CreateDBClusterParameterGroup DeleteDBClusterParameterGroup ModifyDBClusterParameterGroup "
        "DescribeDBClusterParameterGroups DescribeDBClusterParameters",
    ),
    Row(
        "ElastiCache::ReplicationGroup", "elasticache",
        "replicationgroup:{app}-* subnetgroup:{app}-* cluster:{app}-* parametergroup:default.*",
        "CreateReplicationGroup DeleteReplicationGroup ModifyReplicationGroup DescribeReplicationGroups "
        "AddTagsToResource RemoveTagsFromResource ListTagsForResource",
    ),
    Row("ElastiCache::ReplicationGroup", "elasticache", "*", "DescribeCacheClusters"),
    Row(
        "ElastiCache::SubnetGroup", "elasticache", "subnetgroup:{app}-*",
        "CreateCacheSubnetGroup DeleteCacheSubnetGroup ModifyCacheSubnetGroup DescribeCacheSubnetGroups",
    ),
)  # fmt: skip
