"""The few responses a balancer writes itself: one line of plain text that says what happened."""

from __future__ import annotations

from http import HTTPStatus

_WORDS = {
    400: "the request is not valid HTTP",
    405: "this method is not for a balancer",
    408: "the request did not arrive in time",
    413: "the request body is larger than this service takes",
    431: "the request head is larger than this service takes",
    502: "the task broke the connection or answered nonsense",
    503: "the service cannot take the request now",
    504: "the task did not answer in time",
    505: "this HTTP version is not spoken here",
}


def page(
    status: int, *, why: str = "", retry_after: int | None = None, close: bool = False, body: bool = True
) -> bytes:
    """A whole response. ``retry_after`` in seconds; ``body=False`` for the answer to HEAD."""
    text = f"{status} {why or _WORDS.get(status, HTTPStatus(status).phrase)}\n".encode()
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    head += f"Content-Length: {len(text)}\r\nCache-Control: no-store\r\n"
    if retry_after is not None:
        head += f"Retry-After: {retry_after}\r\n"
    if close:
        head += "Connection: close\r\n"
    return head.encode() + b"\r\n" + (text if body else b"")
