"""From the list that a figure counts, as the API names it, to the page that shows this list."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

API = "/api/v1"
_SHOWN = {
    "/meetings": frozenset({"state", "userId", "teamOf", "startsAfter", "startsBefore"}),
    "/tasks": frozenset({"state", "userId", "teamOf", "dueAfter", "dueBefore"}),
    "/tasks/overdue": frozenset({"userId", "teamOf"}),
    "/customers": frozenset({"state", "assignedSalesId", "teamOf", "createdAfter", "createdBefore"}),
}
"""Which filters of the API the page of a list takes over as they are."""


def page_of(link: str | None) -> str:
    """The page, or an empty text where none shows exactly this list."""
    if not link or not link.startswith(f"{API}/"):
        return ""
    parts = urlsplit(link.removeprefix(API))
    asked = parse_qsl(parts.query)
    given = dict(asked)
    if parts.path not in _SHOWN or not set(given) <= _SHOWN[parts.path] or len(given) < len(asked):
        return ""  # a page takes one value of a filter
    if parts.path == "/customers":
        return _with(parts.path, given)
    if parts.path == "/tasks/overdue":
        return _with("/tasks", {"tab": "overdue", **given})
    return _with(parts.path, {"tab": "all", **given})


def _with(path: str, given: dict[str, str]) -> str:
    return f"{path}?{urlencode(given)}" if given else path
