"""A short set of the differential fuzz; ``bench/fuzz.py`` runs the long one."""

from __future__ import annotations

import pytest

from tests.balancers import play
from tests.fuzz import Fuzz
from tests.fuzz.oracle import Seen, differs, oracle


@pytest.mark.parametrize("seed", range(4))
def test_the_task_sees_no_request_that_h11_does_not_read_from_the_clients_bytes(seed: int) -> None:
    async def scenario() -> None:
        outcome = await Fuzz(seed).run(2500)
        assert outcome.wrong == []
        assert outcome.seen > 1000
        assert outcome.bodies > 300
        assert outcome.refused > 500

    play(scenario())


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_the_comparison_finds_a_smuggled_request() -> None:
    (one,) = oracle(GET)
    assert differs([one], [one]) == ""
    assert differs([], [one]) == ""
    assert "nobody sent" in differs([one, one], [one])
    (post,) = oracle(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
    assert "another head" in differs([one], [post])
    shorter = Seen(post.method, post.target, post.headers, True, b"hell", whole=True)
    assert "another body" in differs([shorter], [post])
    shorter.whole = False
    assert differs([shorter], [post]) == ""
