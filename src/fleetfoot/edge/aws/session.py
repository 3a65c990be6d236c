"""The one door to AWS: clients made when they are first needed, each call in a thread, under its token bucket.

botocore's own settings count: AWS_PROFILE, AWS_ENDPOINT_URL and the role of a task or an instance; and AWS_REGION,
which ECS sets in every task and botocore, alone among AWS's kits, does not read.
Nothing is tried twice here: what a source asks is asked again at its period, and an order by who gives it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from fleetfoot.edge.aws.buckets import buckets
from fleetfoot.edge.aws.errors import THROTTLED, AwsError, told

CONNECT_S = 1.0
READ_S = 1.0  # of a controller: what comes later is asked again by then
PATIENT_S = 10.0  # of who asks once
THREADS = 16


MISSING = "AWS needs the extra aws: make dev in the clone brings it"


class NotInstalled(Exception):
    """The extra ``aws`` is missing; the text says how to get it."""


class Answer(NamedTuple):
    """What AWS answered, and when by both clocks."""

    data: Mapping[str, Any]
    at: int  # ms of the controller's ``now``
    wall: datetime  # AWS's clock then, whole seconds

    def when(self, instant: datetime) -> int:
        """The controller's ``now`` at ``instant`` of AWS's clock; never after the answer."""
        return self.at - max(0, round((self.wall - instant).total_seconds() * 1000))


class Aws:
    """One region."""

    def __init__(
        self,
        region: str | None,
        now: Callable[[], int],
        endpoint: str | None = None,
        session: Any = None,
        read_s: float = READ_S,
    ) -> None:
        """``endpoint``: instead of AWS's own. ``session``: botocore's, with credentials of its own; default: those of
        the environment. ``read_s``: how long an answer may take. Raises NotInstalled."""
        try:
            import botocore.session
        except ImportError as missing:
            raise NotInstalled(MISSING) from missing
        self._session = session or botocore.session.get_session()
        self._wanted = region or (os.environ.get("AWS_REGION") if session is None else None)
        self._endpoint, self._read_s = endpoint, read_s
        self._now = now
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._buckets = buckets(now)
        self.calls: dict[str, int] = {}
        self.skew = 0.0  # s AWS's clock is ahead of this machine's

    @property
    def region(self) -> str:
        return self._wanted or str(self._session.get_config_variable("region") or "no region")

    def wall(self) -> datetime:
        """AWS's clock, as far as its answers have told."""
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.skew, UTC)

    def spare(self, call: str) -> float:
        """The share of the call's bucket nobody has taken."""
        bucket = self._buckets[call]
        return bucket.left() / bucket.burst

    async def call(self, api: str, call: str, **arguments: Any) -> Answer:
        """One call, when its turn comes. Raises AwsError."""
        bucket = self._buckets[call]
        wait = bucket.take()
        if wait:
            await asyncio.sleep(wait)
        self.calls[call] = self.calls.get(call, 0) + 1
        try:
            data = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, api, call, arguments)
        except AwsError as failure:
            if failure.code in THROTTLED:
                bucket.empty()
            raise
        meta = data.pop("ResponseMetadata", {})
        said = meta.get("HTTPHeaders", {}).get("date")
        wall = parsedate_to_datetime(said) if said else datetime.now(UTC)
        self.skew = (wall - datetime.now(UTC)).total_seconds()
        return Answer(data, self._now(), wall)

    def _ask(self, api: str, call: str, arguments: dict[str, Any]) -> dict[str, Any]:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            answer: dict[str, Any] = getattr(self._client(api), xform_name(call))(**arguments)
        except (ClientError, BotoCoreError, HTTPClientError) as failure:
            raise told(failure, api, call, self.region) from failure
        return answer

    def _client(self, api: str) -> Any:
        from botocore.config import Config

        with self._making:  # a session may be used by one thread at a time
            if api not in self._clients:
                config = Config(
                    connect_timeout=CONNECT_S, read_timeout=self._read_s, max_pool_connections=THREADS,
                    retries={"total_max_attempts": 1, "mode": "standard"},
                )  # fmt: skip
                self._clients[api] = self._session.create_client(
                    api, region_name=self._wanted, endpoint_url=self._endpoint, config=config
                )
            return self._clients[api]

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
