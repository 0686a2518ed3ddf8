"""From the list that a figure counts, as the API names it, to the page that shows this list."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

API = "/api/v1"
_SHOWN = {
    "/meetings": frozenset({"state", "userId", "startsAfter", "startsBefore"}),
    "/tasks": frozenset({"state", "userId", "dueAfter", "dueBefore"}),
    "/tasks/overdue": frozenset({"userId"}),
    "/customers": frozenset({"state", "assignedSalesId"}),
}


def page_of(link: str | None) -> str:
    """The page, or an empty text where none shows exactly this list."""
    if not link or not link.startswith(f"{API}/"):
        return ""
    parts = urlsplit(link.removeprefix(API))
    given = dict(parse_qsl(parts.query))
    if parts.path not in _SHOWN or not set(given) <= _SHOWN[parts.path]:
        return ""
    if parts.path == "/customers":
        given.pop("state", None)  # the list shows those who are there anyway
        return _with(parts.path, given)
    if parts.path == "/tasks/overdue":
        return _with("/tasks", {"tab": "overdue", **given})
    return _with(parts.path, {"tab": "all", **given})


def _with(path: str, given: dict[str, str]) -> str:
    return f"{path}?{urlencode(given)}" if given else path
