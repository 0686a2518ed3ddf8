"""What several pages read of a request: itself, its history and its comments, as one timeline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from frontend.opportunity import words
from frontend.opportunity.views import Approval, Attachments, Comment, HistoryEntry
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext

# These happen by themselves; a name in front of them would accuse a person.
IMPERSONAL = frozenset({"REMIND", "ESCALATE", "HOLD", "RELEASE", "CANCEL", "RESTORE"})


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


@dataclass(frozen=True, slots=True)
class History:
    """A request with everything that happened to it, oldest first."""

    approval: Approval
    entries: list[TimelineEntry]
    attachments: Attachments


async def history_of(gateway: UserGateway, approval_id: str) -> History:
    """Raises GatewayProblem when the request itself cannot be read; its comments are not worth failing for."""
    root = f"/approvals/{segment(approval_id)}"
    approval, history, comments, attachments = await asyncio.gather(
        gateway.get(root),
        gateway.get(f"{root}/history"),
        _comments(gateway, root),
        attachments_of(gateway, approval_id),
    )
    entries = [_from_entry(HistoryEntry.model_validate(item)) for item in history["items"]]
    entries += [_from_comment(comment) for comment in comments]
    return History(Approval.model_validate(approval), sorted(entries, key=lambda entry: entry.at), attachments)


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


def _from_entry(entry: HistoryEntry) -> TimelineEntry:
    look = words.action_look(entry.action)
    who = "" if entry.action in IMPERSONAL else entry.actor_name or gettext("Somebody")
    if who and entry.on_behalf_of_name:
        who = gettext("%(proxy)s (for %(person)s)") % {"proxy": who, "person": entry.on_behalf_of_name}
    note = gettext("(erased)") if entry.erased else entry.comment or ""
    return TimelineEntry(entry.at, look.icon, look.kind, who, look.text, note, entry.hash or "")


def _from_comment(comment: Comment) -> TimelineEntry:
    who = comment.author_name or gettext("Somebody")
    return TimelineEntry(comment.created_at, "message-square", "muted", who, gettext("commented"), comment.body)
