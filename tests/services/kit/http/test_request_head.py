"""Heads that no route gets to see: without the one Host header that HTTP/1.1 demands nobody knows whom they mean."""

from typing import Any

import pytest

from frontend.ui import edge
from services.kit.http.request_head import refusal_of

BAD_REQUEST = 400


def scope(version: str, *hosts: str) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": version,
        "path": "/login",
        "raw_path": b"/login",
        "query_string": b"",
        "headers": [(b"host", host.encode()) for host in hosts],
    }


@pytest.mark.parametrize(
    ("version", "hosts", "is_refused"),
    [
        ("1.1", ("ringi.example",), False),
        ("1.1", (), True),
        ("1.1", ("ringi.example", "other.example"), True),
        ("1.0", (), False),
        ("1.0", ("ringi.example", "other.example"), True),
    ],
)
def test_services_gateway_and_frontends_ask_for_one_host(
    version: str, hosts: tuple[str, ...], is_refused: bool
) -> None:
    refused = refusal_of(scope(version, *hosts))
    assert (refused is not None and refused.status == BAD_REQUEST) is is_refused
    assert (edge._refusal(scope(version, *hosts)) == BAD_REQUEST) is is_refused
