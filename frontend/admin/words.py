"""The words, icons and colours of the audit log and the access review, in the language of the running request."""

from __future__ import annotations

from collections.abc import Iterable

from frontend.ui import kind_words
from frontend.ui.i18n import gettext, pgettext
from frontend.ui.looks import Look

ASKED = "fields."
"""Begins the name of a field that a kind of requests asks for."""
PAGES = {
    "approval": "/approvals",
    "bulk_decision": "/approvals/bulk",
    "customer": "/customers",
    "meeting": "/meetings",
    "task": "/tasks",
    "process": "/processes",
    "webhook": "/webhooks",
    "audit_sample": "/audit-samples",
}
"""Kinds of records that have a page of their own."""
RECORD_KINDS = (
    "user", "customer", "meeting", "task", "approval", "bulk_decision", "approval_route", "approval_proxy",
    "currency_rate", "firm_calendar", "firm_settings", "process", "audit_log", "access_review", "audit_sample", "mail",
    "webhook", "approval_template", "department",
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
        "bulk_decision": pgettext("record", "Bulk decision"),
        "approval_route": pgettext("record", "Approval route"),
        "approval_proxy": pgettext("record", "Proxy"),
        "currency_rate": pgettext("record", "Rate"),
        "firm_calendar": pgettext("record", "Business calendar"),
        "firm_settings": pgettext("record", "Settings of attachments"),
        "process": pgettext("record", "Process"),
        "audit_log": pgettext("record", "Audit log"),
        "access_review": pgettext("record", "Access review"),
        "mail": pgettext("record", "Mail"),
        "webhook": pgettext("record", "Webhook"),
        "audit_sample": pgettext("record", "Audit sample"),
        "approval_template": pgettext("record", "Template for requests"),
        "department": pgettext("record", "Department"),
    }


def kind_text(kind: str) -> str:
    return kinds().get(kind, kind)


def store_text(name: str) -> str:
    """Where signed heads of the audit chain are kept."""
    return {
        "file": pgettext("store", "File"),
        "bucket": pgettext("store", "Bucket with object lock"),
        "webhook": pgettext("store", "Webhook"),
    }.get(name, name)


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


def roles_text(held: Iterable[str]) -> str:
    return "、".join(role_text(role) for role in held)


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
        "department_id": pgettext("field", "Department"),
        "code": pgettext("field", "Code"),
        "parent_id": pgettext("field", "Belongs to"),
        "head_id": pgettext("field", "Head"),
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
        "yenPerUnit": pgettext("field", "Yen for one unit"),
        "validFrom": pgettext("field", "Valid from"),
        "year": pgettext("field", "Year"),
        "attachment_max_bytes": pgettext("field", "Size of one file (bytes)"),
        "attachments_per_request": pgettext("field", "Files of a request"),
        "retention_years": pgettext("field", "Years for which files are kept"),
        "abandoned_draft_days": pgettext("field", "Days for which files of drafts are kept"),
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
        "assessment": pgettext("field", "Assessment"),
        "note": pgettext("field", "Note"),
        "position": pgettext("field", "Position"),
        "seed": pgettext("field", "Seed"),
        "populationSize": pgettext("field", "Population"),
        "populationSha256": pgettext("field", "SHA-256 of the population"),
        "recordSha256": pgettext("field", "SHA-256 of the record"),
        "keyFingerprint": pgettext("field", "Fingerprint of the key"),
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


def mail_states() -> dict[str, str]:
    return {
        "WAITING": pgettext("mail", "Waiting"),
        "SENT": pgettext("mail", "Sent"),
        "LEFT_OUT": pgettext("mail", "No longer needed"),
        "GIVEN_UP": pgettext("mail", "Given up"),
        "BOUNCED": pgettext("mail", "Came back"),
    }


def events() -> dict[str, str]:
    """What webhooks tell."""
    return {
        "approval.requested": pgettext("event", "Request submitted"),
        "approval.stage_completed": pgettext("event", "Stage approved"),
        "approval.approved": pgettext("event", "Request approved"),
        "approval.rejected": pgettext("event", "Request rejected"),
        "approval.returned": pgettext("event", "Request returned"),
        "approval.resubmitted": pgettext("event", "Request resubmitted"),
        "approval.recalled": pgettext("event", "Request recalled"),
        "approval.reassigned": pgettext("event", "Approver replaced"),
        "approval.escalated": pgettext("event", "Request escalated"),
        "approval.cancelled": pgettext("event", "Request cancelled"),
        "approval.restored": pgettext("event", "Request restored"),
        "process.completed": pgettext("event", "Process completed"),
        "process.compensated": pgettext("event", "Process undone"),
        "process.needs_attention": pgettext("event", "Process needs attention"),
        "webhook.test": pgettext("event", "Test"),
    }


def event_text(event: str) -> str:
    return events().get(event, event)


def delivery_looks() -> dict[str, Look]:
    return {
        "WAITING": Look(pgettext("delivery", "Waiting"), "info", "clock-3"),
        "DELIVERED": Look(pgettext("delivery", "Delivered"), "ok", "circle-check"),
        "GIVEN_UP": Look(pgettext("delivery", "Given up"), "bad", "circle-x"),
    }


def delivery_look(state: str) -> Look:
    return delivery_looks().get(state, Look(state, "muted", "circle"))


def webhook_look(webhook: dict[str, object]) -> Look:
    if not webhook["active"] and webhook["disabledReason"]:
        return Look(pgettext("webhook", "Switched off"), "bad", "circle-pause")
    if not webhook["active"]:
        return Look(pgettext("webhook", "Off"), "muted", "circle-pause")
    if webhook["failingSince"]:
        return Look(pgettext("webhook", "Failing"), "warn", "triangle-alert")
    return Look(pgettext("webhook", "On"), "ok", "circle-check")


def webhook_fields() -> dict[str, str]:
    return {
        "url": pgettext("field", "URL"),
        "description": pgettext("field", "Purpose"),
        "eventTypes": pgettext("field", "Events"),
        "active": pgettext("field", "On"),
    }


def webhook_done() -> dict[str, str]:
    """What a page says after an action, by the name of the action."""
    return {
        "saved": gettext("Saved."),
        "test": gettext("A test is on its way; the log shows what became of it."),
        "again": gettext("It is sent again; the log shows what becomes of it."),
    }
