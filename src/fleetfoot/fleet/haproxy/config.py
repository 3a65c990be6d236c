"""The text of haproxy.cfg.

Two backends hold the same servers: ``fleet`` for ordinary requests and ``streams`` for what stays open (upgrades,
event streams), which is outside the concurrency limit, the time limits and the latency. Servers are added at run
time only. Four traps of doing so, each met in a trial:
1. A server added at run time inherits no pool defaults. Without both ``pool-max-conn`` and ``pool-purge-delay`` no
   connection is used twice, and throughput falls to a third.
2. A server that is enabled is UP at once, before any check. It is enabled only after our own probe.
3. HAProxy's own check gains health slowly. ``rise 1``, ``fastinter`` and ``downinter`` bring back in half a second
   what a refused connection took out.
4. A server is deleted only in ``maint`` and with no request left; see orders.py.
"""

from __future__ import annotations

from typing import NamedTuple

from fleetfoot.fleet.balancer import BalancerSettings

WEIGHT = 100  # of a task that serves fully
SAMPLED_ABOVE = 5000  # requests/s; beyond, one log line in SAMPLE is written
SAMPLE = 10
_BUFFER = 16_384  # HAProxy's own default: a smaller one would limit the heads of responses
_REWRITE = 1024  # room for the headers we add
_MOST_CONNECTIONS = 20_000
_SPARE_FILES = 256
_LONG = "7d"
#: Private addresses: what stands there in front of us is believed about the protocol.
_PRIVATE = "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 ::1 fc00::/7 fe80::/10"
_BELIEVED = f"{{ req.hdr(x-forwarded-proto) -m found }} {{ src {_PRIVATE} }}"
_PAGES = {
    400: "the request is not valid HTTP",
    408: "the request did not arrive in time",
    502: "the task broke the connection or answered nonsense",
    503: "the service cannot take the request now",
    504: "the task did not answer in time",
}
LOG_FORMAT = (
    "%Ta %TR %Tw %ST %ts %b %s %[var(txn.weight)] %[var(txn.held)] %[var(txn.end)] %[var(txn.stream)]"  # see log.py
)

#: Waits in the request while no task is usable: without it HAProxy would answer 503 at once.
HOLD = """\
core.register_action("hold", {"http-req"}, function(txn, most)
  local function ms() local t = core.now() return t.sec * 1000 + t.usec // 1000 end
  local start = ms()
  while txn.f:nbsrv("fleet") == 0 do
    if ms() - start >= tonumber(most) then
      txn:set_var("txn.end", "late")
      break
    end
    core.msleep(math.min(20 + txn.f:be_conn("fleet") // 5, 200))
  end
  txn:set_var("txn.held", ms() - start)
end, 1)
"""


class Wires(NamedTuple):
    """The descriptors HAProxy inherits: where it listens, where it is told, where it logs."""

    listen: int
    runtime: int
    log: int


def most_connections(files: int) -> int:
    """Clients at once with so many file descriptors: each takes two, one to a task."""
    return max(64, min(_MOST_CONNECTIONS, (files - _SPARE_FILES) // 2))


def text(settings: BalancerSettings, wires: Wires, files: int, hold: str | None) -> str:
    """The file. ``files``: the limit of open files; ``hold``: path of the Lua file, None without Lua."""
    buffer = max(_BUFFER, settings.max_header + _REWRITE)
    lines = [
        "# Written anew at every start; changes are lost.",
        "global",
        "    nbthread 1",
        f"    maxconn {most_connections(files)}",
        f"    tune.bufsize {buffer}",
        f"    tune.maxrewrite {_REWRITE}",
        "    tune.http.maxhdr 256",
        f"    stats socket fd@{wires.runtime} level admin",
        f"    stats timeout {_LONG}",
        *([f"    lua-load {_quoted(hold)}"] if hold else []),
        *_defaults(settings),
        *_frontend(settings, wires, buffer),
        *_fleet(settings, hold is not None),
        *_streams(),
    ]
    return "\n".join(lines) + "\n"


def _defaults(settings: BalancerSettings) -> list[str]:
    retry = f" hdr Retry-After {settings.retry_after}"
    pages = [
        f'    http-error status {status} content-type "text/plain; charset=utf-8" string "{status} {words}\\n"'
        f" hdr Cache-Control no-store{retry if status == 503 else ''}"
        for status, words in _PAGES.items()
    ]
    return [
        "defaults",
        "    mode http",
        "    timeout connect 500ms",  # also the pause before another try
        "    timeout check 1s",
        f"    timeout client {settings.idle_timeout_ms}ms",
        f"    timeout http-keep-alive {settings.idle_timeout_ms}ms",
        f"    timeout http-request {settings.header_timeout_ms}ms",
        f"    timeout server {settings.request_timeout_ms}ms",
        f"    timeout queue {settings.queue_timeout_ms}ms",
        f"    timeout tunnel {_LONG}",
        "    option abortonclose",
        "    option redispatch 1",
        "    retries 2",
        "    retry-on conn-failure empty-response",  # not response-timeout: what hung one task need not hang three
        *pages,
    ]


def _frontend(settings: BalancerSettings, wires: Wires, buffer: int) -> list[str]:
    lines = [
        "frontend web",
        f"    bind fd@{wires.listen} backlog 4096",
        f"    log fd@{wires.log} format raw local0 info",
        f'    log-format "{LOG_FORMAT}"',
        f"    http-request set-var(txn.weight) int({SAMPLE}) if {{ fe_req_rate gt {SAMPLED_ABOVE} }}",
        f"    http-request set-log-level silent if {{ var(txn.weight) -m found }} {{ rand({SAMPLE}) gt 0 }}",
        "    option disable-h2-upgrade",
        _refuse(505, "this version is not spoken here", "!{ req.ver -m str 1.0 1.1 }"),
        _refuse(400, "HTTP/1.0 has no Transfer-Encoding", "HTTP_1.0 { req.hdr(transfer-encoding) -m found }"),
        _refuse(405, "this method is not for a balancer", "METH_CONNECT"),
        _refuse(400, "an HTTP/1.1 request names its host", "HTTP_1.1 !{ req.hdr(host) -m found }"),
    ]
    if settings.max_header + _REWRITE < buffer:
        large = f"{{ req.hdrs,length gt {settings.max_header} }}"
        lines.append(_refuse(431, "the request head is larger than this service takes", large))
    if settings.max_body is not None:
        large = f"{{ req.body_size gt {settings.max_body} }}"
        lines.append(_refuse(413, "the request body is larger than this service takes", large))
    return [
        *lines,
        "    http-request del-header HTTP2-Settings",
        "    http-request del-header Upgrade if { req.hdr(upgrade) -m sub -i h2c }",
        f"    http-request set-header X-Forwarded-Proto http unless {_BELIEVED}",
        "    option forwardfor",
        "    http-response set-var(txn.stream) int(1) if { res.hdr(content-type) -m beg text/event-stream }",
        "    use_backend streams if { req.hdr(upgrade) -m found }",
        "    use_backend streams if { req.hdr(accept) -m sub text/event-stream }",
        "    default_backend fleet",
    ]


def _refuse(status: int, words: str, condition: str, retry: str = "") -> str:
    said = f'content-type "text/plain; charset=utf-8" string "{status} {words}\\n" hdr Cache-Control no-store{retry}'
    return f"    http-request return status {status} {said} if {condition}"


def _fleet(settings: BalancerSettings, lua: bool) -> list[str]:
    retry = f" hdr Retry-After {settings.retry_after}"
    nobody = "{ nbsrv(fleet) eq 0 }"
    full = f"{{ queue(fleet) ge {settings.queue} }}"
    if settings.queue == 0:
        full = "{ be_conn_free(fleet) eq 0 }"
    return [
        "backend fleet",
        "    balance leastconn",
        "    http-reuse safe",
        f"    http-request set-var(txn.end) str(shed) if {full} !{nobody}",
        f"    http-request set-var(txn.end) str(shed) if {nobody} {{ be_conn(fleet) gt {settings.queue} }}",
        _refuse(503, _PAGES[503], "{ var(txn.end) -m str shed }", retry),
        *([f"    http-request lua.hold {settings.queue_timeout_ms} if {nobody}"] if lua else []),
        *([_refuse(503, _PAGES[503], "{ var(txn.end) -m str late }", retry)] if lua else []),
        *_retries(),
    ]


def _streams() -> list[str]:
    return [
        "backend streams",
        "    balance leastconn",
        "    http-reuse safe",
        f"    http-request set-timeout server {_LONG} if {{ req.hdr(accept) -m sub text/event-stream }}",
        *_retries(),
    ]


def _retries() -> list[str]:
    """Only what may be sent twice is: no body, and a method that changes nothing."""
    return [
        "    http-request disable-l7-retry unless METH_GET or METH_OPTIONS",  # METH_GET: HEAD too
        "    http-request disable-l7-retry if { req.body_size gt 0 }",
        "    http-request disable-l7-retry if { req.hdr(transfer-encoding) -m found }",
    ]


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
