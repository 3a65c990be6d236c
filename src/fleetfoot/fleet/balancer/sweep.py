"""Time limits. A sweep looks at every connection and open request a few times per limit and stamps what stands still;
nothing is timed on the way of a request. A limit therefore strikes up to two sweeps late, never early."""

from __future__ import annotations

from .exchange import Exchange
from .front import Front
from .pace import Pace, bytes_acked
from .request import Request
from .settings import BalancerSettings
from .turns import DEAF, HTTP

IDLE_BACK_NS = 15_000_000_000  # surplus connections to tasks are closed after so long


def period_ms(settings: BalancerSettings) -> float:
    """How often to sweep: a tenth of the shortest limit, within 10..500 ms."""
    limits = [settings.header_timeout_ms, settings.idle_timeout_ms, settings.request_timeout_ms]
    shortest = min([*limits, settings.body_pace_ms] if settings.min_rate else limits)
    return float(min(max(shortest / 10, 10), 500))


def sweep(exchange: Exchange, now: float) -> None:
    """``now``: ms of the monotonic clock."""
    for front in list(exchange.fronts):
        _sweep_front(front, exchange.settings, now)
    _sweep_requests(exchange, now)
    for task in exchange.fleet.tasks.values():
        while task.idle and now * 1e6 - task.idle[0].idle_since > IDLE_BACK_NS:
            task.idle.pop(0).close()


def _sweep_front(front: Front, settings: BalancerSettings, now: float) -> None:
    if front.write_paused:
        if _takes_too_little(front, settings, now):
            front.transport.abort()
        return
    if front.in_head:
        if not front.head_since:
            front.head_since = now
        elif now - front.head_since > settings.header_timeout_ms:
            front.judge(408)
    elif front.mode in (HTTP, DEAF) and _client_has_the_word(front):
        request = front.incoming
        if not front.idle_since:
            front.idle_since = now
        is_idle = now - front.idle_since > settings.idle_timeout_ms
        if request is None:
            if is_idle:
                front.transport.close()
        elif is_idle or _brings_too_little(front, request, settings, now):
            front.spoil(408)
        return
    front.pace = None


def _takes_too_little(front: Front, settings: BalancerSettings, now: float) -> bool:
    """Of an answer that waits for it, for the idle time: nothing, or less than the least rate."""
    acked = bytes_acked(front.transport)
    moved = front.transport.get_write_buffer_size() if acked is None else acked
    if moved != front.taken or not front.stuck_since:
        front.taken, front.stuck_since = moved, now
    if now - front.stuck_since > settings.idle_timeout_ms:
        return True
    stays = front.current is not None and front.current.stays
    if stays or acked is None:
        return False
    return _lags(front, front, acked, settings.min_rate, settings.idle_timeout_ms, now)


def _brings_too_little(front: Front, request: Request, settings: BalancerSettings, now: float) -> bool:
    if request.expects and not request.seen:
        return False  # it waits for a word from the task
    return _lags(front, request, request.seen, settings.min_rate, settings.body_pace_ms, now)


def _lags(front: Front, of: object, moved: int, rate: int, stretch_ms: int, now: float) -> bool:
    if not rate:
        return False
    if front.pace is None or front.pace.of is not of:
        front.pace = Pace(of, moved, now)
    return front.pace.too_slow(moved, now, rate, stretch_ms)


def _client_has_the_word(front: Front) -> bool:
    """Between requests, or in the middle of a body that we are ready to read."""
    request = front.current
    if request is None:
        return not front.write_paused
    return front.incoming is request and not request.whole and not front.read_paused


def _sweep_requests(exchange: Exchange, now: float) -> None:
    late = []
    for request in exchange.open:
        front = request.front
        if request.task is None or front.write_paused or (not request.whole and not front.read_paused):
            request.drip = 0.0  # in the queue, or the client has the word: other limits
        elif not request.drip:
            request.drip = now
        elif now - request.drip > exchange.settings.request_timeout_ms:
            late.append(request)
    for request in late:
        exchange.timed_out(request)
