"""PostgreSQL on RDS or Aurora Serverless v2, where the file asks for one, and the user the app has in it."""

from __future__ import annotations

from fleetfoot.provision.control import secret
from fleetfoot.provision.network import subnets
from fleetfoot.provision.plan import ZONES, Plan
from fleetfoot.provision.security import POSTGRES, group
from fleetfoot.provision.template import Part, Resource, Skip, Tagged, Value, attribute, ref

OWNER, APP, DATABASE = "owner", "app_user", "app"
"""Who may change tables, who may only use them, and where they are."""
ACU = {"MinCapacity": 0.5, "MaxCapacity": 16}
MONITORING = Skip("CKV_AWS_118", "enhanced monitoring is a price and a role more; Performance Insights is on")


class SubnetGroup(Tagged, of="AWS::RDS::DBSubnetGroup", named="DBSubnetGroupName"):
    DBSubnetGroupDescription: Value
    SubnetIds: Value


class ParameterGroup(Tagged, of="AWS::RDS::DBParameterGroup"):
    Family: Value
    Description: Value
    Parameters: Value


class ClusterParameterGroup(ParameterGroup, of="AWS::RDS::DBClusterParameterGroup"):
    pass


class Server(Tagged, of="AWS::RDS::DBInstance", named="DBInstanceIdentifier"):
    """What computes: one of a cluster, or alone."""

    DBInstanceClass: Value
    Engine: Value
    DBClusterIdentifier: Value = None
    PubliclyAccessible: Value = False
    EnablePerformanceInsights: Value = True
    AutoMinorVersionUpgrade: Value = True


class Store(Tagged):
    """What keeps data: encrypted, backed up, not deleted by accident; AWS makes up the owner's password."""

    EngineVersion: Value
    DBSubnetGroupName: Value
    MasterUsername: Value = OWNER
    ManageMasterUserPassword: Value = True
    StorageEncrypted: Value = True
    BackupRetentionPeriod: Value = 7  # days
    DeletionProtection: Value = True
    EnableIAMDatabaseAuthentication: Value = True
    EnableCloudwatchLogsExports: Value = ("postgresql",)
    CopyTagsToSnapshot: Value = True


class Instance(Store, Server, of=Server.TYPE, named=Server.NAMED):
    DBName: Value
    DBParameterGroupName: Value
    VPCSecurityGroups: Value
    Port: Value
    MultiAZ: Value
    AllocatedStorage: Value
    MaxAllocatedStorage: Value
    StorageType: Value


class Cluster(Store, of="AWS::RDS::DBCluster", named="DBClusterIdentifier"):
    Engine: Value
    DatabaseName: Value
    DBClusterParameterGroupName: Value
    VpcSecurityGroupIds: Value
    ServerlessV2ScalingConfiguration: Value


def database(plan: Plan) -> Part:
    host = ("The database, from within the network", attribute("Database", "Endpoint.Address"))
    return Part(title="database", resources=_database(plan), outputs={"DatabaseHost": host})


def _database(plan: Plan) -> dict[str, Resource]:
    template = f'{{"username":"{APP}","dbname":"{DATABASE}","port":{POSTGRES}}}'
    found: dict[str, Resource] = {
        "DatabaseSubnets": SubnetGroup(
            called=plan.names.of("db"), DBSubnetGroupDescription="no way to the internet", SubnetIds=subnets("db"),
        ),
        "DatabaseAppSecret": secret(
            plan, "database-user", "the app's own user: SELECT, INSERT, UPDATE and DELETE, no DDL",
            SecretStringTemplate=template, GenerateStringKey="password",
        ),
    }  # fmt: skip
    return found | (_postgres(plan) if plan.asks.database == "postgres" else _aurora(plan))


def _postgres(plan: Plan) -> dict[str, Resource]:
    name = plan.names.of("db")
    return {
        "DatabaseParameters": ParameterGroup(
            called=name, Family="postgres17", Description=f"{name}: TLS only, slow statements told",
            Parameters={"rds.force_ssl": "1", "log_min_duration_statement": "500", "log_statement": "ddl"},
        ),
        "Database": Instance(
            called=name, Engine="postgres", EngineVersion="17.6", DBInstanceClass="db.t4g.micro", DBName=DATABASE,
            Port=str(POSTGRES), DBSubnetGroupName=ref("DatabaseSubnets"),
            DBParameterGroupName=ref("DatabaseParameters"), VPCSecurityGroups=[group("Database")],
            MultiAZ=plan.asks.standby, AllocatedStorage="20", MaxAllocatedStorage=100, StorageType="gp3",
            DeletionPolicy="Snapshot", skips=_skips(plan),
        ),
    }  # fmt: skip


def _skips(plan: Plan) -> tuple[Skip, ...]:
    alone = Skip("CKV_AWS_157", "standby: off was written: one zone, half the price, and a person when it is lost")
    return (MONITORING, *(() if plan.asks.standby else (alone,)))


def _aurora(plan: Plan) -> dict[str, Resource]:
    name = plan.names.of("db")
    found: dict[str, Resource] = {
        "DatabaseParameters": ClusterParameterGroup(
            called=name, Family="aurora-postgresql17", Description=f"{name}: TLS only",
            Parameters={"rds.force_ssl": "1"},
        ),
        "Database": Cluster(
            called=name, Engine="aurora-postgresql", EngineVersion="17.4", DatabaseName=DATABASE,
            DBSubnetGroupName=ref("DatabaseSubnets"), DBClusterParameterGroupName=ref("DatabaseParameters"),
            VpcSecurityGroupIds=[group("Database")], ServerlessV2ScalingConfiguration=ACU, DeletionPolicy="Snapshot",
            why="Serverless v2: 0.5 to 16 capacity units, by the load",
        ),
    }  # fmt: skip
    for number in range(2 if plan.asks.standby else 1):
        found[f"Database{ZONES[number].upper()}"] = Server(
            called=f"{name}-{ZONES[number]}", DBClusterIdentifier=ref("Database"), Engine="aurora-postgresql",
            DBInstanceClass="db.serverless", DeletionPolicy="Delete", skips=(MONITORING,),
        )  # fmt: skip
    return found


def user_sql() -> str:
    """SQL that makes the app's user: it may use tables, and neither make, change nor drop one."""
    return f"""\
-- Run once as {OWNER}, in the database {DATABASE}. The password is that of the secret database-user:
--   psql "host=DATABASE_HOST dbname={DATABASE} user={OWNER} sslmode=require" -v password="'...'" -f user.sql
CREATE ROLE {APP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD :password;
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE {DATABASE} TO {APP};
GRANT USAGE ON SCHEMA public TO {APP};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP};
-- tables that {OWNER} makes later
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {APP};
"""
