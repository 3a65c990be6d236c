"""What AWS's failures mean, in words that say what to do next."""

from __future__ import annotations

import re

from fleetfoot.edge.base import SourceError

EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
UNKNOWN_KEY = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
)
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestThrottled",
    "RequestLimitExceeded",
)


class AwsError(SourceError):
    """A call that did not do what it was for. ``code``: AWS's own, or the name of what went wrong before it."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


def told(failure: Exception, api: str, call: str, region: str) -> AwsError:
    """``failure`` of ``api``'s ``call`` in words."""
    code = type(failure).__name__
    response = getattr(failure, "response", None)
    said = str(failure)
    if isinstance(response, dict):
        error = response.get("Error", {})
        code, said = str(error.get("Code", code)), str(error.get("Message", said))
    return AwsError(_words(code, said, f"{api}:{call}", region), code)


def _words(code: str, said: str, action: str, region: str) -> str:
    api = action.partition(":")[0]
    before = {
        "NoCredentialsError": "no AWS credentials are found: set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or run it where a role gives them",
        "PartialCredentialsError": f"the AWS credentials are not whole: {said}",
        "CredentialRetrievalError": f"the AWS credentials cannot be fetched: {said}",
        "ProfileNotFound": f"{said}: look at AWS_PROFILE and ~/.aws/config",
        "NoRegionError": "no region is known: set AWS_REGION, or write ecs: {region: ap-northeast-2} (adopt: --region)",
        "EndpointConnectionError": f"{api} in {region} cannot be reached: is the region right, and does a way lead "
        f"there (NAT or VPC endpoint)? {said}",
        "ConnectTimeoutError": f"{api} in {region} does not answer: does a way lead there (NAT or VPC endpoint)?",
        "ReadTimeoutError": f"{api} in {region} took too long to answer",
    }
    if code in before:
        return before[code]
    if code in EXPIRED:
        return "the AWS session token is expired: sign in again (aws sso login), or renew AWS_SESSION_TOKEN"
    if code in UNKNOWN_KEY:
        return f"AWS does not accept these credentials ({code}): are they of this account, and is the clock right?"
    if code in DENIED:
        named = re.search(r"not authorized to perform: ([\w-]+:\w+)", said)
        return f"access denied: allow {named[1] if named else action} on the role that fleetfoot runs with ({said})"
    if code in THROTTLED:
        return f"AWS throttles {action} in {region}: others use the account's rate too; it passes"
    if code == "ClusterNotFoundException":
        return f"there is no ECS cluster of this name in {region}: look at ecs: {{cluster: ..., region: ...}}"
    if code in ("ServiceNotFoundException", "ServiceNotActiveException"):
        return f"there is no such ECS service in {region}, or it is being deleted: look at ecs: {{service: ...}}"
    if code.endswith(("NonExistentQueue", "QueueDoesNotExist")):
        return f"there is no such queue in {region}: look at queue: and at ecs: {{region: ...}}"
    return f"{action} in {region}: {code}: {said}"
