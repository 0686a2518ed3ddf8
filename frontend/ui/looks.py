"""How a state is shown."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """Text, kind of colour (info, ok, warn, bad, muted) and Lucide icon."""

    text: str
    kind: str
    icon: str
