"""A stored notification as its reader sees it."""

from typing import Any

from services.analytics.notifications.texts import render
from services.kit.db.unit_of_work import Row


def view(row: Row, locale: str) -> dict[str, Any]:
    names = {"absent": row["absent"], "proxy": row["proxy"]}
    title, body = render(row["type"], row["params"], row["customer"], locale, **names)
    return {
        "id": row["id"],
        "type": row["type"],
        "title": title,
        "body": body,
        "resourceType": row["resourceType"],
        "resourceId": row["resourceId"],
        "readAt": row["readAt"],
        "createdAt": row["createdAt"],
    }
