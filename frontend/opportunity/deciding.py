"""Decisions: one request or many, each answered for itself. A lost race names who won and when."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.views import Approval
from frontend.ui.formats import timestamp, whole
from frontend.ui.gateway import CONFLICT, UNPROCESSABLE, GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page

DECISIONS = {"approve": "APPROVE", "return": "RETURN", "reject": "REJECT"}
NEED_COMMENT = frozenset({"return", "reject"})
MAX_AT_ONCE = 50
"""More are decided as a batch, by the server (`frontend.opportunity.bulk`)."""
AT_A_TIME = 4
ALREADY_DECIDED = "already_decided"
NOT_NOTED = "flags_not_acknowledged"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request as it was seen: id, revision and stage."""

    id: str
    revision: int
    stage: int

    @classmethod
    def parse(cls, text: str) -> Ticket | None:
        parts = text.split("/")
        if len(parts) != 3:
            return None
        revision, stage = whole(parts[1]), whole(parts[2])
        return None if revision is None or stage is None else cls(parts[0], revision, stage)

    def __str__(self) -> str:
        return f"{self.id}/{self.revision}/{self.stage}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one decision.

    `is_lost`: somebody was faster; `may_retry`: it can be tried again as it is; `flags`: what has to be noted first.
    """

    ticket: Ticket
    done: bool
    label: str
    message: str
    is_lost: bool = False
    may_retry: bool = False
    flags: tuple[str, ...] = ()

    @property
    def noting(self) -> str:
        """What the form sends when somebody has taken note."""
        return f"{self.ticket.id}/{','.join(self.flags)}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form asks for. `noted`: by request, the flags that were seen; None where one is decided for itself."""

    decision: str
    comment: str
    key: str
    instead_of: str
    """Whose place a superior takes; empty for who decides in their own, or as a proxy."""
    noted: Mapping[str, Sequence[str]] | None


async def decide(request: Request) -> Response:
    """POST /approvals/decide: `ids` (tickets), `decision`, `comment`; `insteadOf` from a superior who steps in.

    `bulk` where the requests were chosen in a list: what their rows ask to note was seen for those in `noted` only
    (opened, or ticked off). With `only_noted` the others are left alone.
    """
    page = Page.of(request)
    form = await page.form()
    decision, comment = str(form.get("decision", "")), str(form.get("comment", "")).strip()
    tickets, instead_of = tickets_in(form), str(form.get("insteadOf", ""))
    if decision not in DECISIONS or not tickets:
        return _refused(page, gettext("Choose at least one request and what to do with it."), tickets, decision)
    if len(tickets) > MAX_AT_ONCE:
        return _refused(page, gettext("At most %(most)s requests at once.") % {"most": MAX_AT_ONCE}, [], decision)
    if (decision in NEED_COMMENT or instead_of) and not comment:
        return _refused(page, gettext("Say why: the requester will read it."), tickets, decision, instead_of)
    noted = noted_in(form) if "bulk" in form else None
    wish = Wish(decision, comment, str(form.get(KEY_FIELD, "")), instead_of, noted)
    return _answer(page, await _decide_all(page.gateway, tickets, wish), wish)


def tickets_in(form: FormData) -> list[Ticket]:
    """The chosen requests, each once; several may come joined by commas."""
    texts = [part for value in form.getlist("ids") if isinstance(value, str) for part in value.split(",")]
    parsed = (Ticket.parse(text) for text in dict.fromkeys(texts))
    noted = noted_in(form)
    return [ticket for ticket in parsed if ticket is not None and ("only_noted" not in form or ticket.id in noted)]


def noted_in(form: FormData) -> dict[str, list[str]]:
    """By the id of a request, the flags that its approver has seen."""
    pairs = (value.partition("/") for value in form.getlist("noted") if isinstance(value, str))
    return {request: flags.split(",") for request, _, flags in pairs if flags}


async def _decide_all(gateway: UserGateway, tickets: Sequence[Ticket], wish: Wish) -> list[Outcome]:
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(ticket: Ticket) -> Outcome:
        async with gate:
            return await _decide_one(gateway, ticket, wish)

    return await asyncio.gather(*(one(ticket) for ticket in tickets))


def _key_for(form_key: str, ticket: Ticket) -> str:
    """One key per form and request, so that sending the form twice decides once."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{form_key or uuid.uuid4()}:{ticket}"))


async def _decide_one(gateway: UserGateway, ticket: Ticket, wish: Wish) -> Outcome:
    body: dict[str, Any] = {"revision": ticket.revision, "stage": ticket.stage}
    if wish.comment:
        body["comment"] = wish.comment
    if wish.noted is not None and wish.decision == "approve":
        body["acknowledgedFlags"] = [flag for flag in wish.noted.get(ticket.id, ()) if flag in words.FLAGS]
    path = f"/approvals/{segment(ticket.id)}/{wish.decision}"
    if wish.instead_of:
        path = f"/approvals/{segment(ticket.id)}/step-in"
        body |= {"decision": DECISIONS[wish.decision], "insteadOf": wish.instead_of}
    try:
        answer = await gateway.send("PATCH", path, body, key=_key_for(wish.key, ticket))
    except GatewayProblem as problem:
        label = await _label(gateway, ticket)
        is_lost = problem.status == CONFLICT and problem.code == ALREADY_DECIDED
        message = lost_race(problem) if is_lost else problem.message or gettext("That did not work.")
        flags = tuple(problem.document.get("flags", ())) if problem.code == NOT_NOTED else ()
        return Outcome(ticket, False, label, message, is_lost=is_lost, may_retry=problem.is_outage, flags=flags)
    approval = Approval.model_validate(answer.body)
    label = f"{approval.number} {approval.title}".strip()
    return Outcome(ticket, True, label, _what_happened(approval, wish.decision))


async def _label(gateway: UserGateway, ticket: Ticket) -> str:
    try:
        approval = Approval.model_validate(await gateway.get(f"/approvals/{segment(ticket.id)}"))
    except GatewayProblem:
        return ticket.id
    return f"{approval.number} {approval.title}".strip()


def lost_race(problem: GatewayProblem) -> str:
    """Who was faster, and when, in the reader's own time."""
    document = problem.document
    who, at = document.get("decidedBy"), document.get("decidedAt")
    if not who or not at:
        return problem.message
    if document.get("takenBack"):
        taken = gettext("%(who)s took their approval back at %(at)s: the request waits at another place now")
        return taken % {"who": who, "at": timestamp(str(at))}
    state = words.state_look(str(document.get("state", ""))).text
    return gettext("%(who)s was faster at %(at)s: %(state)s") % {"who": who, "at": timestamp(str(at)), "state": state}


def _what_happened(approval: Approval, decision: str) -> str:
    if decision == "approve" and approval.state == "PENDING" and approval.current_stage is not None:
        return gettext("Approved; it goes on to “%(stage)s”") % {"stage": approval.current_stage.name}
    return words.state_look(approval.state).text


def _refused(page: Page, message: str, tickets: Sequence[Ticket], decision: str, instead_of: str = "") -> Response:
    """Nothing was sent: ask for what is missing, keeping the choice."""
    if page.is_fragment:
        ids = [ticket.id for ticket in tickets]
        restored = json.dumps({"ringi-undecided": {"ids": ids}, "ringi-restore": {"ids": ids}})
        return page.render("opportunity/refused_toast.html", message=message, events=restored)
    return page.render(
        "opportunity/ask_comment.html",
        status=UNPROCESSABLE,
        message=message,
        tickets=tickets,
        decision=decision,
        instead_of=instead_of,
    )


def _answer(page: Page, outcomes: Sequence[Outcome], wish: Wish) -> Response:
    """The wish's key goes along with what is tried again: a decision whose answer was lost is not a second one."""
    failed = [outcome for outcome in outcomes if not outcome.done]
    again = [outcome for outcome in failed if outcome.may_retry]
    values: dict[str, Any] = {
        "outcomes": outcomes,
        "failed": failed,
        "again": again,
        "unnoted": [outcome for outcome in failed if outcome.flags],
        "decision": wish.decision,
        "comment": wish.comment,
        "instead_of": wish.instead_of,
        "key": wish.key,
        "bulk": wish.noted is not None,
        "noted": wish.noted or {},
    }
    if page.is_fragment:
        # Rows that somebody else has decided stay away; those that can be tried again come back.
        told = {"ringi-undecided": {"ids": [outcome.ticket.id for outcome in failed]}} if failed else {}
        back = [outcome.ticket.id for outcome in failed if not outcome.is_lost]
        told |= {"ringi-restore": {"ids": back}} if back else {}
        return page.render("opportunity/outcome.html", events=json.dumps(told) if told else None, **values)
    if not failed and len(outcomes) == 1:
        return page.redirect("/approvals")
    return page.render("opportunity/results.html", **values)
