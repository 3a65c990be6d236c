"""Request and response heads on their way through, as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.fleet.balancer.heads import (
    CHUNKED,
    RefusedHead,
    ends_with_connection,
    request_head,
    response_head,
    says_close,
)
from fleetfoot.fleet.balancer.pages import page
from fleetfoot.fleet.balancer.peer import Peer

PEER = Peer("198.51.100.9", "127.0.0.1:8080")
HOST = (b"Host", b"a")


def head(
    *headers: tuple[bytes, bytes], method: bytes = b"GET", target: bytes = b"/", version: str = "1.1", up: bool = False
) -> tuple[list[bytes], int, bool, bool]:
    raw, length, upgrade, expects = request_head(method, target, headers, version, up, PEER)
    assert raw.endswith(b"\r\n\r\n")
    assert raw.count(b"\r\n\r\n") == 1
    return raw[:-4].split(b"\r\n"), length, upgrade, expects


def test_headers_keep_their_order_and_spelling() -> None:
    lines, length, _, _ = head(HOST, (b"X-b", b"1"), (b"x-A", b"2"), (b"X-b", b"3"))
    assert lines[:5] == [b"GET / HTTP/1.1", b"Host: a", b"X-b: 1", b"x-A: 2", b"X-b: 3"]
    assert lines[5:] == [b"X-Forwarded-For: 198.51.100.9", b"X-Forwarded-Proto: http"]
    assert length == 0


def test_a_browsers_connection_header_takes_the_short_way_and_does_not_reach_the_task() -> None:
    lines, _, _, _ = head(HOST, (b"Connection", b"Keep-Alive"))
    assert lines == [b"GET / HTTP/1.1", b"Host: a", *PEER.tail[:-4].split(b"\r\n")]


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        pytest.param([(b"Content-Length", b"12")], 12, id="length"),
        pytest.param([(b"Content-Length", b"0")], 0, id="length-zero"),
        pytest.param([(b"Transfer-Encoding", b"Chunked")], CHUNKED, id="chunked"),
    ],
)
def test_the_framing_of_a_body_is_written_anew(headers: list[tuple[bytes, bytes]], length: int) -> None:
    lines, found, _, _ = head(HOST, *headers, method=b"POST")
    assert found == length
    framing = b"Transfer-Encoding: chunked" if length == CHUNKED else b"Content-Length: %d" % length
    assert lines.count(framing) == 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([HOST, (b"Content-Length", b"1"), (b"Content-Length", b"1")], id="two-lengths"),
        pytest.param([HOST, (b"Content-Length", b"0"), (b"content-length", b"1")], id="zero-and-one"),
        pytest.param([HOST, (b"Content-Length", b"1"), (b"Transfer-Encoding", b"chunked")], id="length-and-chunks"),
        pytest.param([HOST, (b"Content-Length", b"-1")], id="negative"),
        pytest.param([HOST, (b"Content-Length", b"1_0")], id="underscore"),
        pytest.param([HOST, (b"Transfer-Encoding", b"chunked, chunked")], id="chunked-twice"),
        pytest.param([HOST, (b"Transfer-Encoding", b"identity")], id="identity"),
        pytest.param([], id="no-host"),
        pytest.param([HOST, HOST], id="two-hosts"),
    ],
)
def test_a_doubtful_head_is_refused_even_if_a_parser_let_it_pass(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(RefusedHead) as refused:
        head(*headers, method=b"POST")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("target", "sent", "host"),
    [
        pytest.param(b"http://shop.test/a?b", b"/a?b", b"shop.test", id="path"),
        pytest.param(b"http://shop.test", b"/", b"shop.test", id="no-path"),
        pytest.param(b"http://shop.test?q=/x", b"/?q=/x", b"shop.test", id="query-only"),
        pytest.param(b"HTTPS://me@shop.test:8443/", b"/", b"shop.test:8443", id="user-and-port"),
    ],
)
def test_a_whole_url_as_target_becomes_a_path_and_its_host(target: bytes, sent: bytes, host: bytes) -> None:
    lines, _, _, _ = head((b"Host", b"other"), target=target)
    assert lines[:2] == [b"GET " + sent + b" HTTP/1.1", b"Host: " + host]


def test_options_may_ask_about_the_whole_server() -> None:
    lines, _, _, _ = head(HOST, method=b"OPTIONS", target=b"*")
    assert lines[0] == b"OPTIONS * HTTP/1.1"
    with pytest.raises(RefusedHead):
        head(HOST, target=b"*")


def test_an_upgrade_passes_only_when_it_is_a_get_of_http_1_1_without_a_body_and_not_to_http_2() -> None:
    wish = [(b"Connection", b"Upgrade, X-Own"), (b"Upgrade", b"websocket"), (b"X-Own", b"1")]
    lines, _, upgrade, _ = head(HOST, *wish, up=True)
    assert upgrade
    assert b"Connection: Upgrade" in lines
    assert b"Upgrade: websocket" in lines
    assert b"X-Own: 1" not in lines
    for headers, method, version in (
        ([*wish, (b"Content-Length", b"3")], b"GET", "1.1"),
        (wish, b"POST", "1.1"),
        ([wish[0], (b"Upgrade", b"websocket, h2c")], b"GET", "1.1"),
        (wish, b"GET", "1.0"),
    ):
        lines, _, upgrade, _ = head(HOST, *headers, method=method, version=version, up=True)
        assert not upgrade
        assert not any(line.lower().startswith((b"upgrade", b"connection")) for line in lines)


def test_an_expectation_is_passed_on_but_not_from_http_1_0() -> None:
    expect = (b"Expect", b"100-Continue")
    lines, _, _, expects = head(HOST, expect, (b"Content-Length", b"1"), method=b"PUT")
    assert expects
    assert b"Expect: 100-Continue" in lines
    lines, _, _, expects = head(HOST, expect, (b"Content-Length", b"1"), method=b"PUT", version="1.0")
    assert not expects
    assert not any(line.startswith(b"Expect") for line in lines)


def test_a_stranger_may_not_say_that_he_came_by_tls_and_a_near_proxy_may() -> None:
    said = [(b"X-Forwarded-Proto", b"https")]
    assert (
        b"X-Forwarded-Proto: http" in request_head(b"GET", b"/", [HOST, *said], "1.1", False, Peer("8.8.8.8", "l"))[0]
    )
    assert b"X-Forwarded-Proto: https" in request_head(b"GET", b"/", [HOST, *said], "1.1", False, Peer("::1", "l"))[0]


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Own: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "close", "old", "expected"),
    [
        pytest.param(PLAIN, False, False, PLAIN, id="nothing-to-do"),
        pytest.param(PLAIN, True, False, PLAIN[:-2] + b"Connection: close\r\n\r\n", id="the-last-one"),
        pytest.param(PLAIN, False, True, PLAIN[:-2] + b"Connection: keep-alive\r\n\r\n", id="http-1.0"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nconnection: close, X-Own\r\nKEEP-ALIVE: 5\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\n",
            False,
            False,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
            id="hops-end-here",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\n",
            False,
            False,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
            id="the-length-is-no-hop",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
            True,
            True,
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            id="no-chunks-for-http-1.0",
        ),
    ],
)
def test_a_response_head_for_the_client(raw: bytes, close: bool, old: bool, expected: bytes) -> None:
    assert response_head(raw, raw.lower(), True, close, old) == expected


def test_the_head_of_a_task_that_does_not_keep_its_connection_bears_our_version() -> None:
    raw = PLAIN.replace(b"1.1", b"1.0")
    assert response_head(raw, raw.lower(), False, False, False) == PLAIN


@pytest.mark.parametrize(
    ("low", "expected"),
    [
        pytest.param(b"http/1.1 200 ok\r\nx: y\r\n\r\n", True, id="neither"),
        pytest.param(b"http/1.1 200 ok\r\ncontent-length: 2\r\n\r\n", False, id="length"),
        pytest.param(b"http/1.1 200 ok\r\ntransfer-encoding: gzip, chunked\r\n\r\n", False, id="chunked"),
        pytest.param(b"http/1.1 200 ok\r\ntransfer-encoding: gzip\r\n\r\n", True, id="not-chunked"),
    ],
)
def test_where_a_response_ends(low: bytes, expected: bool) -> None:
    assert ends_with_connection(low) is expected


@pytest.mark.parametrize(
    ("lines", "closes"),
    [
        pytest.param(b"connection: keep-alive\r\nx: close\r\nconnection: x, close\r\n", True, id="in-the-second"),
        pytest.param(b"connection: keep-alive, close-call\r\n", False, id="a-word-that-begins-so"),
        pytest.param(b"", False, id="not-said"),
    ],
)
def test_close_is_found_in_any_connection_header_as_a_whole_word(lines: bytes, closes: bool) -> None:
    assert says_close(b"http/1.1 200 ok\r\n" + lines + b"\r\n") is closes


names = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGH-", min_size=1, max_size=18).map(str.encode)
special = st.sampled_from(
    [b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Expect", b"X-Forwarded-For"]
)
values = st.sampled_from([b"1", b"0", b"chunked", b"close", b"upgrade", b"a, b", b"", b"content-length", b"x" * 50])
headers = st.lists(st.tuples(names | special, values), max_size=12)


@given(headers, st.sampled_from([b"GET", b"POST", b"OPTIONS"]), st.booleans(), st.sampled_from(["1.0", "1.1"]))
def test_whatever_comes_a_task_sees_one_host_and_one_framing(
    given_headers: list[tuple[bytes, bytes]], method: bytes, up: bool, version: str
) -> None:
    try:
        raw, length, _, _ = request_head(method, b"/", given_headers, version, up, PEER)
    except RefusedHead:
        return
    found = [line.partition(b":")[0].lower() for line in raw.split(b"\r\n")]
    assert found.count(b"host") == 1
    assert found.count(b"content-length") + found.count(b"transfer-encoding") <= 1
    assert (length == CHUNKED) == (b"transfer-encoding" in found)
    assert length <= 0 or b"content-length" in found
    assert found.count(b"x-forwarded-for") == 1
    assert raw.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("status", [400, 405, 408, 413, 431, 502, 503, 504, 505])
def test_a_page_of_our_own_is_framed_and_says_what_happened(status: int) -> None:
    raw = page(status, retry_after=3, close=True)
    top, _, body = raw.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Length: %d" % len(body) in top
    assert b"Retry-After: 3" in top
    assert b"Connection: close" in top
    assert body.startswith(b"%d " % status)
    assert page(status, body=False).endswith(b"\r\n\r\n")
