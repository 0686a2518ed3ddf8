"""Settings of a connection as parameters of its URL, which every client of that server reads by itself."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit


def with_parameters(url: str, parameters: Mapping[str, object | None]) -> str:
    """The URL with what it does not say itself; None is left out."""
    query = urlsplit(url).query
    own = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    added = [
        f"{name}={quote(str(value), safe='/')}"
        for name, value in parameters.items()
        if value is not None and name not in own
    ]
    return url + ("&" if query else "?") + "&".join(added) if added else url
