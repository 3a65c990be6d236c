"""The sample service that the load generator's own tests and the demo use."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import encryptor

pytestmark = pytest.mark.network


def fetch(url: str, path: str = "") -> subprocess.CompletedProcess[bytes]:
    """One request by another client than ours."""
    code = (
        "import sys, urllib.request as u\n"
        "try: print(u.urlopen(sys.argv[1], timeout=20).read().decode())\n"
        "except u.HTTPError as e: print(e.code)"
    )
    return subprocess.run([sys.executable, "-c", code, url + path], capture_output=True, timeout=30, check=False)


def test_the_sample_service_encrypts_and_is_healthy() -> None:
    with encryptor() as url:
        assert b'"sha256":"' in fetch(url).stdout
        assert b'"ok":true' in fetch(url, "healthz").stdout
        assert fetch(url, "admin/crash").stdout == b"404\n", "trouble is made only where it was asked for"


def test_the_sample_service_makes_trouble_when_asked_to(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("0")
    with encryptor("--admin", "--slow-file", str(slow)) as url:
        assert b"done" in fetch(url, "admin/fail?share=1").stdout
        assert fetch(url).stdout == b"500\n"
        assert b"missing or not a number" not in fetch(url, "admin/fail?share=0").stdout
        assert b"sha256" in fetch(url).stdout


def test_the_sample_service_finishes_what_it_has_begun_before_it_stops() -> None:
    with encryptor("--cost", "2000") as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port)) as client,
            socket.create_connection(("127.0.0.1", port)) as two,
        ):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            two.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            pid = json.loads(fetch(url, "healthz").stdout)["pid"]
            os.kill(pid, signal.SIGTERM)
            for open_one in (client, two):
                data = b""
                while chunk := open_one.recv(65536):
                    data += chunk
                assert data.startswith(b"HTTP/1.1 200 OK\r\n")
                assert b"Connection: close" in data
