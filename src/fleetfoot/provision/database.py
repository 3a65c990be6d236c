"""PostgreSQL on RDS or Aurora Serverless v2, where the file asks for one, and the user the app has in it."""

from __future__ import annotations

from fleetfoot.provision.control import secret
from fleetfoot.provision.network import subnets
from fleetfoot.provision.plan import ZONES, Plan
from fleetfoot.provision.security import POSTGRES, group
from fleetfoot.provision.template import Part, Resource, Skip, Value, attribute, ref

OWNER, APP, DATABASE = "owner", "app_user", "app"
"""Who may change tables, who may only use them, and where they are."""
ACU = {"MinCapacity": 0.5, "MaxCapacity": 16}
MONITORING = Skip("CKV_AWS_118", "enhanced monitoring is a price and a role more; Performance Insights is on")


class SubnetGroup(Resource, of="AWS::RDS::DBSubnetGroup"):
    DBSubnetGroupName: Value
    DBSubnetGroupDescription: Value
    SubnetIds: Value
    Tags: Value = None


class ParameterGroup(Resource, of="AWS::RDS::DBParameterGroup"):
    Family: Value
    Description: Value
    Parameters: Value
    Tags: Value = None


class ClusterParameterGroup(Resource, of="AWS::RDS::DBClusterParameterGroup"):
    Family: Value
    Description: Value
    Parameters: Value
    Tags: Value = None


class DBInstance(Resource, of="AWS::RDS::DBInstance"):
    DBInstanceClass: Value
    Engine: Value
    DBInstanceIdentifier: Value
    EngineVersion: Value = None
    DBClusterIdentifier: Value = None
    DBName: Value = None
    MasterUsername: Value = None
    ManageMasterUserPassword: Value = None
    DBSubnetGroupName: Value = None
    DBParameterGroupName: Value = None
    VPCSecurityGroups: Value = None
    Port: Value = None
    MultiAZ: Value = None
    AllocatedStorage: Value = None
    MaxAllocatedStorage: Value = None
    StorageType: Value = None
    StorageEncrypted: Value = None
    PubliclyAccessible: Value = False
    BackupRetentionPeriod: Value = None
    DeletionProtection: Value = None
    EnableIAMDatabaseAuthentication: Value = None
    EnablePerformanceInsights: Value = True
    EnableCloudwatchLogsExports: Value = None
    AutoMinorVersionUpgrade: Value = True
    CopyTagsToSnapshot: Value = None
    Tags: Value = None


class DBCluster(Resource, of="AWS::RDS::DBCluster"):
    DBClusterIdentifier: Value
    Engine: Value
    EngineVersion: Value
    DatabaseName: Value
    MasterUsername: Value
    ManageMasterUserPassword: Value
    DBSubnetGroupName: Value
    DBClusterParameterGroupName: Value
    VpcSecurityGroupIds: Value
    ServerlessV2ScalingConfiguration: Value
    StorageEncrypted: Value = True
    BackupRetentionPeriod: Value = 7
    DeletionProtection: Value = True
    EnableIAMDatabaseAuthentication: Value = True
    EnableCloudwatchLogsExports: Value = ("postgresql",)
    CopyTagsToSnapshot: Value = True
    Tags: Value = None


def database(plan: Plan) -> Part:
    if plan.asks.database == "none":
        return Part(title="database", resources={})
    host = ("The database, from within the network", attribute("Database", "Endpoint.Address"))
    return Part(title="database", resources=_database(plan), outputs={"DatabaseHost": host})


def _database(plan: Plan) -> dict[str, Resource]:
    names = plan.names
    template = f'{{"username":"{APP}","dbname":"{DATABASE}","port":{POSTGRES}}}'
    found: dict[str, Resource] = {
        "DatabaseSubnets": SubnetGroup(
            DBSubnetGroupName=names.of("db"), DBSubnetGroupDescription="no way to the internet",
            SubnetIds=subnets("db"), Tags=plan.tagged(names.of("db")),
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
            Family="postgres17", Description=f"{name}: TLS only, slow statements told", Tags=plan.tagged(name),
            Parameters={"rds.force_ssl": "1", "log_min_duration_statement": "500", "log_statement": "ddl"},
        ),
        "Database": DBInstance(
            DBInstanceIdentifier=name, Engine="postgres", EngineVersion="17.6", DBInstanceClass="db.t4g.micro",
            DBName=DATABASE, MasterUsername=OWNER, ManageMasterUserPassword=True, Port=str(POSTGRES),
            DBSubnetGroupName=ref("DatabaseSubnets"), DBParameterGroupName=ref("DatabaseParameters"),
            VPCSecurityGroups=[group("Database")], MultiAZ=plan.asks.standby, AllocatedStorage="20",
            MaxAllocatedStorage=100, StorageType="gp3", StorageEncrypted=True, BackupRetentionPeriod=7,
            DeletionProtection=True, EnableIAMDatabaseAuthentication=True, CopyTagsToSnapshot=True,
            EnableCloudwatchLogsExports=["postgresql"], Tags=plan.tagged(name), DeletionPolicy="Snapshot",
            skips=_skips(plan),
        ),
    }  # fmt: skip


def _skips(plan: Plan) -> tuple[Skip, ...]:
    alone = Skip("CKV_AWS_157", "standby: off was written: one zone, half the price, and a person when it is lost")
    return (MONITORING, *(() if plan.asks.standby else (alone,)))


def _aurora(plan: Plan) -> dict[str, Resource]:
    name = plan.names.of("db")
    found: dict[str, Resource] = {
        "DatabaseParameters": ClusterParameterGroup(
            Family="aurora-postgresql17", Description=f"{name}: TLS only", Parameters={"rds.force_ssl": "1"},
            Tags=plan.tagged(name),
        ),
        "Database": DBCluster(
            DBClusterIdentifier=name, Engine="aurora-postgresql", EngineVersion="17.4", DatabaseName=DATABASE,
            MasterUsername=OWNER, ManageMasterUserPassword=True, DBSubnetGroupName=ref("DatabaseSubnets"),
            DBClusterParameterGroupName=ref("DatabaseParameters"), VpcSecurityGroupIds=[group("Database")],
            ServerlessV2ScalingConfiguration=ACU, Tags=plan.tagged(name), DeletionPolicy="Snapshot",
            why="Serverless v2: 0.5 to 16 capacity units, by the load",
        ),
    }  # fmt: skip
    for number in range(2 if plan.asks.standby else 1):
        own = f"{name}-{ZONES[number]}"
        found[f"Database{ZONES[number].upper()}"] = DBInstance(
            DBInstanceIdentifier=own, DBClusterIdentifier=ref("Database"), Engine="aurora-postgresql",
            DBInstanceClass="db.serverless", Tags=plan.tagged(own), DeletionPolicy="Delete", skips=(MONITORING,),
        )  # fmt: skip
    return found


def user_sql(user: str = APP, database: str = DATABASE, owner: str = OWNER) -> str:
    """SQL that makes the app's user: it may use tables, and neither make, change nor drop one."""
    return f"""\
-- Run once as {owner}, in the database {database}. The password is that of the secret database-user:
--   psql "host=DATABASE_HOST dbname={database} user={owner} sslmode=require" -v password="'...'" -f user.sql
CREATE ROLE {user} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD :password;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {user};
GRANT USAGE ON SCHEMA public TO {user};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {user};
-- tables that {owner} makes later
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {user};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {user};
"""
