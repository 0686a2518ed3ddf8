"""What several pages read of a request: itself, its history and its comments, as one timeline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from frontend.opportunity import words
from frontend.opportunity.circulation.words import said
from frontend.opportunity.kinds import changes, table
from frontend.opportunity.kinds.changes import Compared
from frontend.opportunity.kinds.definitions import kinds_for_reading
from frontend.opportunity.kinds.table import Line
from frontend.opportunity.views import Approval, Attachments, Comment, HistoryEntry
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.looks import Look
from frontend.ui.page import Page

# These happen by themselves; a name in front of them would accuse a person.
IMPERSONAL = frozenset({"REMIND", "ESCALATE", "HOLD", "RELEASE", "CANCEL", "RESTORE", "PURGE_FILES"})


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of the timeline."""

    at: str
    icon: str
    kind: str
    who: str
    what: str
    note: str
    hash: str = ""
    place: str = ""
    """In which role, at which stage and revision."""
    seen: str = ""
    """Address of what the person saw; empty where nothing was kept."""


@dataclass(frozen=True, slots=True)
class History:
    """A request with everything that happened to it, oldest first."""

    approval: Approval
    entries: list[TimelineEntry]
    attachments: Attachments
    asked: list[Line]
    """What its kind asks for, filled in."""
    changes: Compared | None
    """What is different from before; None where there is no before."""


async def history_of(page: Page, approval_id: str) -> History:
    """Raises GatewayProblem when the request itself cannot be read; its comments are not worth failing for.

    The address of the page may say since which revision to tell what changed (`since`).
    """
    gateway = page.gateway
    root = f"/approvals/{segment(approval_id)}"
    approval, history, comments, attachments, kinds = await asyncio.gather(
        gateway.get(root),
        gateway.get(f"{root}/history"),
        _comments(gateway, root),
        attachments_of(gateway, approval_id),
        kinds_for_reading(page),
    )
    shown = Approval.model_validate(approval)
    asked = table.lines(kinds, shown.kind, shown.fields, shown.currency)
    compared = None
    if shown.revision > 1 or shown.state == "RETURNED":
        compared = changes.shown(await changes.changes_of(gateway, approval_id, page.query("since")), kinds)
    entries = [_from_entry(HistoryEntry.model_validate(item), shown) for item in history["items"]]
    entries += [_from_comment(comment) for comment in comments]
    return History(shown, sorted(entries, key=lambda entry: entry.at), attachments, asked, compared)


async def attachments_of(gateway: UserGateway, approval_id: str) -> Attachments:
    """A page that can't show them says so: nobody takes their absence for there being none."""
    try:
        return Attachments.model_validate(await gateway.get(f"/approvals/{segment(approval_id)}/attachments"))
    except GatewayProblem:
        return Attachments(is_known=False)


async def _comments(gateway: UserGateway, root: str) -> list[Comment]:
    try:
        answer = await gateway.get(f"{root}/comments")
    except GatewayProblem:
        return []
    comments = [Comment.model_validate(item) for item in answer["items"]]
    # Comments of decisions stand in the history already.
    return [comment for comment in comments if comment.purpose == "COMMENT"]


def happens_by_itself(entry: HistoryEntry) -> bool:
    return entry.action in IMPERSONAL or (entry.action == "WITHDRAW_OPINION" and entry.role in ("PROCESS", "SYSTEM"))


def look_of(entry: HistoryEntry) -> Look:
    return words.action_look(entry.action, entry.asked_name, by_itself=happens_by_itself(entry))


def actor_of(entry: HistoryEntry) -> str:
    """Who did it, and for whom; empty for what happens by itself."""
    if happens_by_itself(entry):
        return ""
    who = entry.actor_name or gettext("Somebody")
    if entry.on_behalf_of_name and entry.role == "SUPERIOR":
        return gettext("%(superior)s (stepping in for %(person)s)") % {
            "superior": who,
            "person": entry.on_behalf_of_name,
        }
    if entry.on_behalf_of_name:
        return gettext("%(proxy)s (for %(person)s)") % {"proxy": who, "person": entry.on_behalf_of_name}
    return who


def place_of(entry: HistoryEntry, approval: Approval) -> str:
    """In which role, at which stage and revision, as one line."""
    parts = [words.role_text(entry.role)]
    if entry.stage is not None and entry.stage < len(approval.stages):
        stage = {"n": entry.stage + 1, "name": approval.stages[entry.stage].name}
        parts.append(gettext("stage %(n)s “%(name)s”") % stage)
    if entry.revision is not None:
        parts.append(gettext("revision %(n)s") % {"n": entry.revision})
    if entry.was_among_many:
        parts.append(gettext("in a bulk decision"))
    return " ・ ".join(part for part in parts if part)


def _from_entry(entry: HistoryEntry, approval: Approval) -> TimelineEntry:
    look = look_of(entry)
    note = gettext("(erased)") if entry.erased else entry.comment or ""
    return TimelineEntry(
        entry.at,
        look.icon,
        look.kind,
        actor_of(entry),
        said(entry.action, entry.verdict, entry.to_name) or look.text,
        note,
        entry.hash or "",
        place_of(entry, approval),
        f"/approvals/{segment(approval.id)}/history/{segment(entry.id)}" if entry.keeps_evidence else "",
    )


def _from_comment(comment: Comment) -> TimelineEntry:
    who = comment.author_name or gettext("Somebody")
    return TimelineEntry(comment.created_at, "message-square", "muted", who, gettext("commented"), comment.body)
