"""What several pages read of a request: itself, its history and its remarks, as one timeline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from frontend.opportunity import words
from frontend.opportunity.views import Approval, HistoryEntry, Remark
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext

# These happen by themselves; a name in front of them would accuse a person.
IMPERSONAL = frozenset({"REMIND", "ESCALATE", "HOLD", "RELEASE", "CANCEL", "RESTORE"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline."""

    at: str
    icon: str
    kind: str
    who: str
    what: str
    note: str
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A request with everything that happened to it, oldest first."""

    approval: Approval
    moments: list[Moment]
    history: list[HistoryEntry]


async def story_of(gateway: UserGateway, approval_id: str) -> Story:
    """Raises GatewayProblem when the request itself cannot be read; its remarks are not worth failing for."""
    root = f"/approvals/{segment(approval_id)}"
    approval, history, remarks = await asyncio.gather(
        gateway.get(root), gateway.get(f"{root}/history"), _remarks(gateway, root)
    )
    entries = [HistoryEntry.model_validate(entry) for entry in history["items"]]
    moments = [_from_entry(entry) for entry in entries] + [_from_remark(remark) for remark in remarks]
    return Story(Approval.model_validate(approval), sorted(moments, key=lambda moment: moment.at), entries)


async def _remarks(gateway: UserGateway, root: str) -> list[Remark]:
    try:
        answer = await gateway.get(f"{root}/comments")
    except GatewayProblem:
        return []
    remarks = [Remark.model_validate(item) for item in answer["items"]]
    # Comments of decisions stand in the history already.
    return [remark for remark in remarks if remark.purpose == "COMMENT"]


def _from_entry(entry: HistoryEntry) -> Moment:
    look = words.action_look(entry.action)
    who = "" if entry.action in IMPERSONAL else entry.actor_name or gettext("Somebody")
    if who and entry.on_behalf_of_name:
        who = gettext("%(proxy)s (for %(person)s)") % {"proxy": who, "person": entry.on_behalf_of_name}
    note = gettext("(erased)") if entry.erased else entry.comment or ""
    return Moment(entry.at, look.icon, look.kind, who, look.text, note, entry.hash or "")


def _from_remark(remark: Remark) -> Moment:
    who = remark.author_name or gettext("Somebody")
    return Moment(remark.created_at, "message-square", "muted", who, gettext("commented"), remark.body)
