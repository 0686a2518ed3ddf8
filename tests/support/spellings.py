"""Ways to write an address so that its reader may leave the place that its writer was let into."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

DOTS = (
    "..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%252e%252e", "%252e.", "..;", "..;a=1", "%2e%2e;", "..%00", "%2e%2e%00",
    "%c0%ae%c0%ae", "%e0%80%ae.", "%zz..", "..%0d", "..%7f",
)  # fmt: skip
SLASHES = ("/", "//", "%2f", "%2F", "%252f", "\\", "%5c", "%255c", ";/", "/./", "/%2e/", "/;/")
TARGETS = ("metrics", "_svc/auth/auth/login", "_remote/customer/customers", "internal/users/1")


def ways_out(root: str) -> Iterator[str]:
    """Raw paths from below `root`; each would be somewhere else, were its spelling taken for dots and slashes."""
    for dots, slash, (number, target) in product(DOTS, SLASHES, enumerate(TARGETS)):
        yield f"{root}{slash}{slash.join([dots] * (number + 1))}{slash}{target}"


def plain_ways(root: str) -> Iterator[str]:
    """Addresses that people do use."""
    some_id = "0190a7f4-0000-7000-8000-000000000001"
    for below in ("", "/", "/new", f"/{some_id}", "/-/assets/app-0123.js", "/a.b", "/..a", "/a..", "/a;b", "/%20"):
        yield root + below
    yield f"{root}/%E5%B1%B1%E7%94%B0"
