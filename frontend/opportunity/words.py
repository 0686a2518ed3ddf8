"""The words, icons and colours of approval requests, in the language of the running request."""

from __future__ import annotations

from collections.abc import Sequence

from frontend.opportunity.views import Person
from frontend.ui.formats import YEN, day, timestamp
from frontend.ui.i18n import gettext, ngettext
from frontend.ui.looks import Look


def state_look(state: str) -> Look:
    return {
        "DRAFT": Look(gettext("Draft"), "muted", "pencil"),
        "PENDING": Look(gettext("Pending"), "info", "clock"),
        "RETURNED": Look(gettext("Returned"), "warn", "corner-up-left"),
        "ON_HOLD": Look(gettext("On hold"), "warn", "pause"),
        "APPROVED": Look(gettext("Approved"), "ok", "circle-check"),
        "REJECTED": Look(gettext("Rejected"), "bad", "circle-x"),
        "RECALLED": Look(gettext("Recalled"), "muted", "undo-2"),
        "CANCELLED": Look(gettext("Cancelled"), "muted", "ban"),
    }.get(state, Look(state, "muted", "circle"))


STATES = ("DRAFT", "PENDING", "RETURNED", "ON_HOLD", "APPROVED", "REJECTED", "RECALLED", "CANCELLED")


def kinds() -> dict[str, str]:
    return {
        "FEE_DISCOUNT": gettext("Special fee rate"),
        "PRODUCT_PROPOSAL": gettext("Product proposal"),
        "SUITABILITY_EXCEPTION": gettext("Suitability exception"),
        "ACCOUNT_CHANGE": gettext("Account change"),
        "EXPENSE": gettext("Expense"),
        "OTHER": gettext("Other"),
    }


def kind_text(kind: str) -> str:
    return kinds().get(kind, kind)


def due_words() -> dict[str, str]:
    """By when the requests of a list are due."""
    return {
        "overdue": gettext("Overdue"),
        "today": gettext("Due by the end of today"),
        "week": gettext("Due within 7 days"),
    }


def inbox_orders() -> dict[str, str]:
    """Of what waits."""
    return {
        "since": gettext("Waiting longest first"),
        "deadlineAt": gettext("Due first"),
        "-amount": gettext("Largest amount first"),
    }


def list_orders() -> dict[str, str]:
    """Of every other list of requests."""
    return {"-createdAt": gettext("Newest first"), "createdAt": gettext("Oldest first")}


FLAGS = (
    "SENIOR_75",
    "SENIOR_80",
    "PROFILE_STALE",
    "PROFILE_INCOMPLETE",
    "FIRST_IN_PRODUCT",
    "AMOUNT_RISE",
    "RISK_ABOVE_TOLERANCE",
)


def flag_marks(flags: Sequence[str]) -> list[str]:
    """What a row of a list has room for; who is over 80 is over 75."""
    marks = {
        "SENIOR_80": gettext("Aged 80+"),
        "SENIOR_75": gettext("Aged 75+"),
        "PROFILE_STALE": gettext("Profile outdated"),
        "PROFILE_INCOMPLETE": gettext("Profile incomplete"),
        "FIRST_IN_PRODUCT": gettext("First in product"),
        "AMOUNT_RISE": gettext("Amount rise"),
        "RISK_ABOVE_TOLERANCE": gettext("Risk above tolerance"),
    }
    shown = [flag for flag in flags if flag != "SENIOR_75" or "SENIOR_80" not in flags]
    return [marks.get(flag, flag) for flag in shown]


def action_look(action: str, asked: str | None = None, *, by_itself: bool = False) -> Look:
    """What somebody did, as the end of a sentence that begins with their name.

    ``asked``: of what is about an opinion, who was asked for it. ``by_itself``: nobody did it.
    """
    whom = {"who": asked or gettext("Unknown")}
    withdrawn = gettext("withdrew the question to %(who)s")
    if by_itself:
        withdrawn = gettext("The question to %(who)s, who can't answer it, was withdrawn")
    return {
        "DRAFT": Look(gettext("wrote a draft"), "muted", "pencil"),
        "SUBMIT": Look(gettext("submitted the request"), "muted", "file-plus-2"),
        "APPROVE": Look(gettext("approved"), "ok", "circle-check"),
        "REJECT": Look(gettext("rejected"), "bad", "circle-x"),
        "RETURN": Look(gettext("returned it"), "warn", "corner-up-left"),
        "TAKE_BACK": Look(gettext("took the approval back"), "warn", "rotate-ccw"),
        "ADD_APPROVER": Look(gettext("added an approver"), "muted", "user-round-plus"),
        "ASK_OPINION": Look(gettext("asked %(who)s for an opinion") % whom, "muted", "message-circle-question"),
        "GIVE_OPINION": Look(gettext("gave an opinion"), "info", "message-circle-reply"),
        "DECLINE_OPINION": Look(gettext("gives no opinion"), "warn", "message-circle-off"),
        "WITHDRAW_OPINION": Look(withdrawn % whom, "muted", "undo-2"),
        "RESUBMIT": Look(gettext("submitted it again"), "muted", "send"),
        "RECALL": Look(gettext("recalled it"), "muted", "undo-2"),
        "REASSIGN": Look(gettext("passed it on"), "muted", "user-round-cog"),
        "NUDGE": Look(gettext("asked for an answer"), "muted", "bell-ring"),
        "CONSULT": Look(gettext("asked for an opinion"), "muted", "users-round"),
        "END_CONSULTATION": Look(gettext("ended a consultation"), "muted", "eye-off"),
        "ADVISE": Look(gettext("gave an opinion"), "muted", "message-square"),
        "READ": Look(gettext("confirmed having read it"), "muted", "book-open-check"),
        "POST_REVIEW": Look(gettext("reviewed it after the decision"), "muted", "clipboard-check"),
        "REMIND": Look(gettext("A reminder was sent"), "muted", "bell"),
        "ESCALATE": Look(gettext("It was escalated"), "warn", "chevrons-up"),
        "HOLD": Look(gettext("It was put on hold"), "warn", "pause"),
        "RELEASE": Look(gettext("It was released"), "muted", "play"),
        "CANCEL": Look(gettext("It was cancelled"), "muted", "ban"),
        "RESTORE": Look(gettext("It was restored"), "muted", "archive-restore"),
        "LEGAL_HOLD": Look(gettext("put it under legal hold"), "warn", "lock-keyhole"),
        "LEGAL_RELEASE": Look(gettext("released a legal hold"), "muted", "lock-open"),
        "PURGE_FILES": Look(gettext("Its files were deleted, as their time had passed"), "muted", "eraser"),
    }.get(action, Look(action, "muted", "circle"))


def decision_text(decision: str) -> str:
    """A vote, as a word of its own."""
    return {
        "APPROVE": gettext("Approve"),
        "REJECT": gettext("Reject"),
        "RETURN": gettext("Return"),
    }.get(decision, decision)


def role_text(role: str | None) -> str:
    """In which capacity somebody acted."""
    return {
        "REQUESTER": gettext("as requester"),
        "APPROVER": gettext("as approver"),
        "PROXY": gettext("as proxy"),
        "SUPERIOR": gettext("as superior, stepping in"),
        "ESCALATION": gettext("as the person it was escalated to"),
        "ADVISER": gettext("as somebody asked for an opinion"),
        "VIEWER": gettext("as reader"),
        "REVIEWER": gettext("as reviewer"),
        "CONSULTED": gettext("as somebody consulted"),
        "ADMIN": gettext("as administrator"),
        "AUDITOR": gettext("as auditor"),
        "PROCESS": gettext("by a process"),
        "SYSTEM": gettext("by the system"),
    }.get(role or "", role or "")


def office_text(office: str) -> str:
    """In whose name a legal hold was set."""
    return {
        "ADMINISTRATION": gettext("By the administrators"),
        "AUDIT": gettext("By the auditors"),
    }.get(office, office)


def purge_text(rule: str | None, term: int | None, at: str | None) -> str:
    """When and by which rule a file was deleted; empty for one that is there."""
    if at is None:
        return ""
    text = {
        "RETENTION": gettext("Deleted on %(day)s by the rule of retention: %(n)s years after the end of the request."),
        "ABANDONED_DRAFT": gettext("Deleted on %(day)s: the draft had not been changed for %(n)s days."),
    }.get(rule or "", gettext("Deleted on %(day)s."))
    return text % {"day": day(at, year=True), "n": term}


def mode_text(mode: str, quorum: int | None, approvers: int) -> str:
    if mode == "ALL" and approvers > 1:
        return gettext("all of them")
    if mode == "QUORUM" and quorum:
        return gettext("%(quorum)s of %(all)s") % {"quorum": quorum, "all": approvers}
    return gettext("any one") if approvers > 1 else ""


def step_in_text(step_in: str) -> str:
    """Whether superiors may decide in the approvers' places; empty where they may not."""
    return {
        "WHEN_LATE": gettext("superiors may step in after the deadline"),
        "ALWAYS": gettext("superiors may step in"),
    }.get(step_in, "")


def absence_text(person: Person) -> str:
    """What a requester is told of an approver who is away, or will be before the stage has to be through."""
    if not (person.absent or person.absent_from):
        return ""
    if person.absent_until is None:
        return gettext("absent")
    until = timestamp(person.absent_until)
    if person.absent:
        away = gettext("away until %(until)s") % {"until": until}
    else:
        begins = timestamp(person.absent_from or "")
        away = gettext("away from %(begins)s until %(until)s") % {"begins": begins, "until": until}
    names = person_names(person.proxies)
    return gettext("%(away)s, proxy: %(names)s") % {"away": away, "names": names} if names else away


def absence_look(state: str) -> Look:
    return {
        "CURRENT": Look(gettext("Now"), "info", "plane"),
        "PLANNED": Look(gettext("Planned"), "warn", "calendar-clock"),
        "PAST": Look(gettext("Has ended"), "muted", "check"),
        "ENDED": Look(gettext("Ended early"), "muted", "circle-stop"),
    }.get(state, Look(state, "muted", "circle"))


def absence_fields() -> dict[str, str]:
    """Labels by the parts of the form of an absence."""
    return {
        "fromId": gettext("Who is away"),
        "start": gettext("Begins"),
        "end": gettext("Ends"),
        "toId": gettext("Proxy"),
        "takesWaiting": gettext("What waits already"),
    }


def covers_text(takes_waiting: bool) -> str:
    if takes_waiting:
        return gettext("The proxy decides it too")
    return gettext("It waits for the absent approver; the proxy decides only what comes from then on")


def join_names(names: Sequence[str]) -> str:
    return gettext(", ").join(names)


def person_names(persons: Sequence[Person]) -> str:
    return join_names([person.name or gettext("Unknown") for person in persons])


def votes_text(count: int) -> str:
    return ngettext("%(n)s more approval needed", "%(n)s more approvals needed", count) % {"n": count}


def amount_label(currency: str) -> str:
    return gettext("Amount (yen)") if currency == YEN else gettext("Amount (%(currency)s)") % {"currency": currency}


def file_kind(media_type: str) -> str:
    """What a file is called by people; its media type where a later version of the API has one that is unknown here."""
    office = "application/vnd.openxmlformats-officedocument"
    return {
        "application/pdf": "PDF",
        "image/png": "PNG",
        "image/jpeg": "JPEG",
        "image/gif": "GIF",
        "image/webp": "WebP",
        f"{office}.wordprocessingml.document": "Word",
        f"{office}.spreadsheetml.sheet": "Excel",
        f"{office}.presentationml.presentation": "PowerPoint",
        "application/msword": "Word",
        "application/vnd.ms-excel": "Excel",
        "application/vnd.ms-powerpoint": "PowerPoint",
        "text/plain": gettext("Text"),
        "text/csv": "CSV",
    }.get(media_type, media_type)


def fields(currency: str = YEN) -> dict[str, str]:
    """Labels by the parts of the form of a request, in its order."""
    return {
        "customer": gettext("Customer"),
        "kind": gettext("Kind"),
        "amount": amount_label(currency),
        "title": gettext("Title"),
        "description": gettext("Reason and details"),
    }
