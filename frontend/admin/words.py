"""The words, icons and colours of the audit log and the access review, in the language of the running request."""

from __future__ import annotations

from frontend.ui import kind_words
from frontend.ui.i18n import gettext, pgettext
from frontend.ui.looks import Look

ASKED = "fields."
"""Begins the name of a field that a kind of requests asks for."""
PAGES = {
    "approval": "/approvals",
    "customer": "/customers",
    "meeting": "/meetings",
    "task": "/tasks",
    "process": "/processes",
}
"""Kinds of records that have a page of their own."""
RECORD_KINDS = (
    "user", "customer", "meeting", "task", "approval", "approval_route", "approval_proxy", "process", "audit_log",
    "access_review", "approval_template",
)  # fmt: skip


def outcome_looks() -> dict[str, Look]:
    return {
        "SUCCESS": Look(pgettext("outcome", "Done"), "ok", "circle-check"),
        "DENIED": Look(pgettext("outcome", "Denied"), "warn", "ban"),
        "FAILURE": Look(pgettext("outcome", "Failed"), "bad", "circle-x"),
    }


def outcome_look(outcome: str) -> Look:
    return outcome_looks().get(outcome, Look(outcome, "muted", "circle"))


def kinds() -> dict[str, str]:
    return {
        "user": pgettext("record", "User"),
        "customer": pgettext("record", "Customer"),
        "meeting": pgettext("record", "Meeting"),
        "task": pgettext("record", "Task"),
        "approval": pgettext("record", "Request"),
        "approval_route": pgettext("record", "Approval route"),
        "approval_proxy": pgettext("record", "Proxy"),
        "process": pgettext("record", "Process"),
        "audit_log": pgettext("record", "Audit log"),
        "access_review": pgettext("record", "Access review"),
        "approval_template": pgettext("record", "Template for requests"),
    }


def kind_text(kind: str) -> str:
    return kinds().get(kind, kind)


def roles() -> dict[str, str]:
    return {
        "rep": pgettext("role", "Rep"),
        "manager": pgettext("role", "Manager"),
        "approver": pgettext("role", "Approver"),
        "auditor": pgettext("role", "Auditor"),
        "ops": pgettext("role", "Operations"),
        "admin": pgettext("role", "Administrator"),
    }


def role_text(role: str) -> str:
    return roles().get(role, role)


def user_states() -> dict[str, Look]:
    return {
        "ACTIVE": Look(pgettext("account", "Active"), "ok", "circle-check"),
        "LOCKED": Look(pgettext("account", "Locked"), "warn", "lock"),
        "SUSPENDED": Look(pgettext("account", "Suspended"), "warn", "pause"),
        "DEACTIVATING": Look(pgettext("account", "Being deleted"), "info", "loader"),
        "DELETED": Look(pgettext("account", "Deleted"), "muted", "trash-2"),
    }


def user_state(state: str) -> Look:
    return user_states().get(state, Look(state, "muted", "circle"))


def fields() -> dict[str, str]:
    """Names of changed fields, as the services write them."""
    return {
        "name": pgettext("field", "Name"),
        "name_kana": pgettext("field", "Kana"),
        "roles": pgettext("field", "Roles"),
        "manager_id": pgettext("field", "Superior"),
        "state": pgettext("field", "State"),
        "customer_id": pgettext("field", "Customer"),
        "user_id": pgettext("field", "In charge"),
        "assigned_sales_id": pgettext("field", "In charge"),
        "attendee_ids": pgettext("field", "Attendees"),
        "starts_at": pgettext("field", "Begins"),
        "ends_at": pgettext("field", "Ends"),
        "startsAt": pgettext("field", "Begins"),
        "endsAt": pgettext("field", "Ends"),
        "due_date": pgettext("field", "Due"),
        "priority": pgettext("field", "Priority"),
        "lead_hours": pgettext("field", "Reminder (hours before)"),
        "title": pgettext("field", "Title"),
        "description": pgettext("field", "Description"),
        "place": pgettext("field", "Place"),
        "agenda": pgettext("field", "Agenda"),
        "outcome": pgettext("field", "Result"),
        "next_step": pgettext("field", "Next step"),
        "kind": pgettext("field", "Kind"),
        "amount": pgettext("field", "Amount"),
        "currency": pgettext("field", "Currency"),
        "min_amount": pgettext("field", "From amount"),
        "max_amount": pgettext("field", "Below amount"),
        "min_age": pgettext("field", "From age"),
        "risk_tolerances": pgettext("field", "Risk tolerances"),
        "stages": pgettext("field", "Stages"),
        "active": pgettext("field", "In use"),
        "email": pgettext("field", "E-mail"),
        "phone": pgettext("field", "Phone"),
        "birth_date": pgettext("field", "Date of birth"),
        "occupation": pgettext("field", "Occupation"),
        "relationship": pgettext("field", "Relationship"),
        "tags": pgettext("field", "Tags"),
        "notes": pgettext("field", "Notes"),
        "profile": pgettext("field", "Investment profile"),
        "number": pgettext("field", "Number"),
        "stage": pgettext("field", "Stage"),
        "revision": pgettext("field", "Revision"),
        "version": pgettext("field", "Version"),
        "reason": pgettext("field", "Reason"),
        "count": pgettext("field", "Count"),
        "filter": pgettext("field", "Filter"),
        "sessionId": pgettext("field", "Session"),
        "processId": pgettext("field", "Process"),
        "fromId": pgettext("field", "Absent"),
        "toId": pgettext("field", "Proxy"),
        "onBehalfOf": pgettext("field", "On behalf of"),
        "customerIds": pgettext("field", "Customers"),
        "type": pgettext("field", "Kind"),
        "total": pgettext("field", "Total"),
    }


def field_text(field: str) -> str:
    """Of a request also what its kind asks for: `fields.product`."""
    if field.startswith(ASKED):
        return kind_words.label(field.removeprefix(ASKED))
    return fields().get(field, field)


def faults() -> dict[str, str]:
    """What a verification finds."""
    return {
        "missing_link": gettext("A link of the chain is missing."),
        "out_of_order": gettext("A link does not follow the one before it."),
        "missing_entry": gettext("An entry was deleted."),
        "changed_entry": gettext("An entry was changed after it was sealed."),
        "outside": gettext("Entries were added behind the back of the chain."),
        "head_differs": gettext("The chain differs from what was signed outside of the database."),
        "head_broken": gettext("A signed head is missing, was replaced or is not signed by a known key."),
        "heads_missing": gettext("The newest signed heads are missing."),
        "chain_cut": gettext("The end of the chain was cut off."),
        "key_history": gettext("The history of signing keys was changed."),
    }


def fault_text(fault: str) -> str:
    return faults().get(fault, fault)


def audit_columns() -> dict[str, str]:
    """Headings of the exported log, by the API's names."""
    return {
        "at": pgettext("audit column", "Time (UTC)"),
        "service": pgettext("audit column", "Service"),
        "actorId": pgettext("audit column", "Person (ID)"),
        "actorName": pgettext("audit column", "Person"),
        "onBehalfOfId": pgettext("audit column", "On behalf of (ID)"),
        "onBehalfOfName": pgettext("audit column", "On behalf of"),
        "action": pgettext("audit column", "Action"),
        "resourceType": pgettext("audit column", "Kind of record"),
        "resourceId": pgettext("audit column", "Record (ID)"),
        "number": pgettext("audit column", "Number"),
        "outcome": pgettext("audit column", "Outcome"),
        "ip": pgettext("audit column", "Address"),
        "requestId": pgettext("audit column", "HTTP request"),
        "processId": pgettext("audit column", "Process"),
        "detail": pgettext("audit column", "Detail"),
        "names": pgettext("audit column", "Names"),
        "position": pgettext("audit column", "Position in the chain"),
        "hash": pgettext("audit column", "Hash"),
        "previousHash": pgettext("audit column", "Hash before"),
        "id": pgettext("audit column", "Entry (ID)"),
    }


def access_columns() -> dict[str, str]:
    """Headings of the exported review, by the API's names."""
    return {
        "userId": pgettext("access column", "User (ID)"),
        "name": pgettext("access column", "Name"),
        "email": pgettext("access column", "E-mail"),
        "state": pgettext("access column", "State"),
        "role": pgettext("access column", "Role"),
        "since": pgettext("access column", "Since (UTC)"),
        "givenById": pgettext("access column", "Given by (ID)"),
        "givenByName": pgettext("access column", "Given by"),
        "notRecordedBefore": pgettext("access column", "Not recorded before (UTC)"),
        "lastSignInAt": pgettext("access column", "Last sign-in (UTC)"),
        "totpEnabled": pgettext("access column", "Two-step sign-in"),
        "createdAt": pgettext("access column", "Added (UTC)"),
    }
