"""Customers, meetings and tasks."""

from typing import Any

from tests.rights.recipes import ALL, STALE, Ask, Case, Verdict, listed, simple
from tests.rights.world import CUSTOMER_NAME, in_days

# Customers ------------------------------------------------------------------------------------------


def _customer(case: Case, rest: str = "") -> str:
    return f"/customers/{case.customer}{rest}"


def _is_customer(case: Case) -> Verdict:
    return listed(case.customer)


simple(
    "POST",
    "/customers",
    lambda case: Ask("/customers", {"name": "新規", "assignedSalesId": str(case.owner.id)}),
)
simple("GET", "/customers", lambda case: Ask(f"/customers?{ALL}", verdict=_is_customer(case)))
simple(
    "GET",
    "/customers/search",
    lambda case: Ask(f"/customers/search?q={CUSTOMER_NAME}&{ALL}", verdict=_is_customer(case)),
)
simple("GET", "/customers/by-sales/{sales_id}", lambda case: Ask(f"/customers/by-sales/{case.owner.id}"))
simple("GET", "/search", lambda case: Ask(f"/search?q={CUSTOMER_NAME}&limit=20", verdict=_is_customer(case)))
simple("GET", "/customers/{customer_id}", lambda case: Ask(_customer(case)))
simple("PUT", "/customers/{customer_id}", lambda case: Ask(_customer(case), {"notes": "済"}, STALE))
simple("DELETE", "/customers/{customer_id}", lambda case: Ask(_customer(case), headers=STALE))
simple(
    "POST",
    "/customers/{customer_id}/assign",
    lambda case: Ask(_customer(case, "/assign"), {"assignedSalesId": str(case.owner.id)}, STALE),
)
simple("POST", "/customers/{customer_id}/restore", lambda case: Ask(_customer(case, "/restore")))
for _what in ("deletion-preview", "profile-versions"):
    simple(
        "GET",
        f"/customers/{{customer_id}}/{_what}",
        lambda case, what=_what: Ask(_customer(case, f"/{what}")),  # type: ignore[misc]
    )

# Meetings and tasks ---------------------------------------------------------------------------------


def _activity(case: Case, kind: str, rest: str = "") -> str:
    return f"/{kind}s/{case.about_customer(kind)}{rest}"


def _of_owner(case: Case) -> dict[str, Any]:
    return {"title": "連絡", "customerId": case.world.of("customer", case.owner), "userId": str(case.owner.id)}


for _kind in ("meeting", "task"):
    for _path in (f"/{_kind}s", *(["/tasks/overdue"] if _kind == "task" else [])):
        simple(
            "GET",
            _path,
            lambda case, path=_path, kind=_kind: Ask(  # type: ignore[misc]
                f"{path}?{ALL}", verdict=listed(case.about_customer(kind))
            ),
        )
    _one = f"/{_kind}s/{{{_kind}_id}}"
    simple("GET", _one, lambda case, kind=_kind: Ask(_activity(case, kind)))  # type: ignore[misc]
    simple(
        "PUT",
        _one,
        lambda case, kind=_kind: Ask(_activity(case, kind), {"title": "改題"}, STALE),  # type: ignore[misc]
    )
    simple("DELETE", _one, lambda case, kind=_kind: Ask(_activity(case, kind), headers=STALE))  # type: ignore[misc]
simple(
    "POST",
    "/meetings",
    lambda case: Ask("/meetings", _of_owner(case) | {"startsAt": in_days(1), "endsAt": in_days(2)}),
)
simple(
    "GET",
    "/meetings/customer/{customer_id}",
    lambda case: Ask(f"/meetings/customer/{case.customer}"),
)
simple("POST", "/tasks", lambda case: Ask("/tasks", _of_owner(case)))
simple(
    "PATCH",
    "/tasks/{task_id}/status",
    lambda case: Ask(_activity(case, "task", "/status"), {"status": "IN_PROGRESS"}, STALE),
)
