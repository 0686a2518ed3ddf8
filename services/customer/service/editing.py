"""Create, change and assign customers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.events.customer import CustomerAssigned, CustomerCreated, CustomerSnapshot, CustomerUpdated
from services.contracts.permissions import Permission
from services.contracts.states import CustomerState
from services.customer.access import reader, viewer
from services.customer.errors import Deleted
from services.customer.events import snapshot
from services.customer.record import CustomerRecord
from services.customer.repository import reading, writing
from services.customer.schemas import CustomerCreate, CustomerUpdate, ProfileInput
from services.customer.service.assignees import Users, require_assignable
from services.customer.service.records import refuse_gone
from services.kit.db.unit_of_work import Row, UnitOfWork
from services.kit.errors import Blocked, Forbidden, NotFound
from services.kit.events.audit import changes as told
from services.kit.events.audit import outrun, record_audit
from services.kit.events.outbox import record_changes, record_created
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal

RESOURCE = "customer"
PERSONAL = frozenset({"name", "name_kana", "email", "phone", "birth_date", "occupation", "notes", "tags", "profile"})
"""Of these an audit entry says only that they changed: values of a person go when the person does."""


async def create(uow: UnitOfWork, users: Users, principal: Principal, body: CustomerCreate) -> tuple[UUID, str]:
    """Id of the new customer, and the customer as the API shows it."""
    maker = viewer(principal, Permission.CUSTOMER_WRITE)
    assignee = body.assigned_sales_id or principal.user_id
    await require_assignable(uow, users, maker, assignee)
    now = clock.now()
    values = body.model_dump(exclude={"profile"}) | {
        "id": new_id(),
        "assigned_sales_id": assignee,
        "profile": None if body.profile is None else _profile(body.profile, 1, principal.user_id, now),
        "state": CustomerState.ACTIVE,
        "actor_id": principal.user_id,
        "now": now,
    }
    document = await writing.insert(uow, values)
    if values["profile"] is not None:
        await writing.insert_profile(uow, values["id"], values["profile"], now)
    customer = CustomerRecord(
        **{name: values[name] for name in writing.FIELDS},
        id=values["id"],
        state=CustomerState.ACTIVE,
        process_id=None,
        deletion_process_id=None,
        generation=0,
        deleted_at=None,
        version=1,
        created_at=now,
    )
    await record_created(uow, aggregate_id=customer.id, event=snapshot(CustomerCreated, customer))
    await record_audit(uow, action="customer.create", resource_type=RESOURCE, resource_id=customer.id)
    return customer.id, document


async def update(
    uow: UnitOfWork, users: Users, principal: Principal, customer_id: UUID, version: int, body: CustomerUpdate
) -> Row:
    """`document` and `version` after the change. What does not differ from what is there is no change."""
    before = await changeable(uow, principal, customer_id, Permission.CUSTOMER_WRITE)
    if before.version != version:
        raise await outrun(uow, RESOURCE, customer_id, before.version, by=EDITS)
    now = clock.now()
    sent = body.model_dump(include=body.model_fields_set - {"profile"})
    changes = {name: value for name, value in sent.items() if value != getattr(before, name)}
    if body.profile is not None:
        profile = _next_profile(body.profile, before.profile, principal.user_id, now)
        if profile is not None:
            changes["profile"] = profile
    if "assigned_sales_id" in changes:
        assigner = viewer(principal, Permission.CUSTOMER_ASSIGN)
        await require_assignable(uow, users, assigner, changes["assigned_sales_id"])
    if changes:
        await _apply(uow, before, changes, now)
    return await reading.document(uow, customer_id)


async def assign(
    uow: UnitOfWork, users: Users, principal: Principal, customer_id: UUID, version: int | None, to: UUID
) -> Row:
    """Put somebody else in charge; nothing happens if they are already."""
    before = await changeable(uow, principal, customer_id, Permission.CUSTOMER_ASSIGN)
    if version is not None and before.version != version:
        raise await outrun(uow, RESOURCE, customer_id, before.version, by=EDITS)
    await require_assignable(uow, users, viewer(principal, Permission.CUSTOMER_ASSIGN), to)
    if before.assigned_sales_id != to:
        await _apply(uow, before, {"assigned_sales_id": to}, clock.now())
    return await reading.document(uow, customer_id)


async def changeable(
    uow: UnitOfWork, principal: Principal, customer_id: UUID, permission: Permission
) -> CustomerRecord:
    """The locked customer, if the caller may do this with it and no process holds it.

    Raises NotFound for what the caller may not see, Forbidden for what they see but may not change.
    """
    writer = viewer(principal, permission)
    looker = reader(principal)
    found = await writing.lock_with_rights(uow, customer_id, looker, writer)
    if found is None or not found[1]:
        raise NotFound
    customer, _, writable = found
    if customer.state not in reading.LIVE_STATES and not looker.sees_deleted:
        await refuse_gone(uow, looker, customer_id)
        raise NotFound
    if not writable:
        raise Forbidden
    if customer.state in (CustomerState.DELETING, CustomerState.RESTORING):
        assert customer.process_id is not None
        raise Blocked(customer.process_id)
    if customer.state is not CustomerState.ACTIVE:
        raise Deleted
    return customer


async def _apply(uow: UnitOfWork, before: CustomerRecord, changes: dict[str, Any], now: datetime) -> None:
    after = await writing.update(uow, before.id, changes, now)
    if "profile" in changes:
        await writing.insert_profile(uow, before.id, changes["profile"], now)
    events: list[tuple[UUID, CustomerSnapshot]] = []
    if set(changes) - {"assigned_sales_id"}:
        events.append((before.id, snapshot(CustomerUpdated, after)))
    if "assigned_sales_id" in changes:
        assigned = snapshot(CustomerAssigned, after, previous_sales_id=before.assigned_sales_id)
        events.append((before.id, assigned))
    await record_changes(uow, table=writing.CUSTOMERS, events=events)
    for _, event in events:
        await record_audit(
            uow,
            action=_ACTIONS[type(event)],
            resource_type=RESOURCE,
            resource_id=before.id,
            detail=told(before, after, sorted(changes), hidden=PERSONAL) | {"version": after.version},
        )


_ACTIONS: dict[type[CustomerSnapshot], str] = {CustomerUpdated: "customer.update", CustomerAssigned: "customer.assign"}
EDITS = tuple(_ACTIONS.values())
"""What makes a new version of the content."""


def _profile(body: ProfileInput, version: int, reviewer: UUID, now: datetime) -> dict[str, Any]:
    """The profile as the API shows it and the database keeps it."""
    return body.model_dump(mode="json", by_alias=True, exclude={"reviewed_at"}) | {
        "reviewedAt": (body.reviewed_at or now).isoformat().replace("+00:00", "Z"),
        "reviewedBy": str(reviewer),
        "version": version,
    }


def _next_profile(
    body: ProfileInput, before: dict[str, Any] | None, reviewer: UUID, now: datetime
) -> dict[str, Any] | None:
    """A new version, if an answer changed or the review was confirmed at another time; else None."""
    profile = _profile(body, 1 if before is None else before["version"] + 1, reviewer, now)
    if before is None:
        return profile
    compared = set(profile) - {"version", "reviewedBy"} - (set() if body.reviewed_at else {"reviewedAt"})
    return profile if any(profile[name] != before.get(name) for name in compared) else None
