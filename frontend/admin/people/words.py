"""The words of people and of what a deletion hands over, in the language of the running request."""

from __future__ import annotations

from frontend.ui.i18n import gettext


def duties() -> dict[str, str]:
    """What a role may do."""
    return {
        "rep": gettext("Looks after customers of their own, and requests approvals."),
        "manager": gettext("Leads a team: sees and assigns its customers, and approves."),
        "approver": gettext("Approves, returns or rejects what names them."),
        "auditor": gettext("Reads everything, audit log included, and changes nothing."),
        "ops": gettext("Watches and operates processes; sees no customer."),
        "admin": gettext("Manages people, routes and settings; decides on no request."),
    }


def duty(role: str) -> str:
    return duties().get(role, "")


def parts() -> dict[str, str]:
    """Parts of the form."""
    return {
        "name": gettext("Name"),
        "email": gettext("E-mail"),
        "password": gettext("First password"),
        "roles": gettext("Roles"),
        "managerId": gettext("Superior"),
        "departmentId": gettext("Department"),
    }


def work_text(kind: str) -> str:
    """What would be handed over."""
    return {
        "reports": gettext("People who report to them"),
        "departments_headed": gettext("Departments that they head"),
        "customers": gettext("Customers"),
        "meetings": gettext("Meetings"),
        "tasks": gettext("Tasks"),
        "approvals": gettext("Requests that wait for or name them"),
        "approval_requests": gettext("Requests of their own"),
        "approval_routes": gettext("Approval routes that name them"),
        "approval_proxies": gettext("Absences and proxies"),
        "approval_opinions": gettext("Opinions asked of them"),
        "approval_circulation": gettext("Requests to read or review"),
    }.get(kind, kind)


def reason_text(reason: str) -> str:
    """Why a successor can't take something over as it is."""
    return {
        "own_request": gettext("it is the successor's own request"),
        "already_approver": gettext("the successor has a place in that stage already"),
        "not_an_approver": gettext("the successor can't approve"),
    }.get(reason, reason)


def resolution_text(resolution: str) -> str:
    """What the process does instead."""
    return {
        "other_approver": gettext("another approver takes the place"),
        "place_dropped": gettext("the place is dropped"),
    }.get(resolution, resolution)


def done(what: str) -> str:
    """What was just done to an account."""
    return {
        "saved": gettext("Saved."),
        "suspend": gettext("Suspended. All sessions have ended."),
        "activate": gettext("The account can be used again."),
        "end": gettext("The session has ended."),
        "end-all": gettext("The sessions have ended."),
    }.get(what, "")
