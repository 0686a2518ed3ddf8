"""The dossier of a request as a page for paper, and as the file that verifies offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.facts import RequestSeen, of_customer, of_opinions, of_request
from frontend.opportunity.kinds import table
from frontend.opportunity.kinds.definitions import Kinds, kinds_for_reading
from frontend.opportunity.reading import actor_of, look_of, place_of
from frontend.opportunity.views import Approval, HistoryEntry, Person, Stage
from frontend.ui import profile_words
from frontend.ui.gateway import segment
from frontend.ui.looks import Look
from frontend.ui.page import Page
from frontend.ui.views import View

GROUP = 4
KEYS = "/approvals/evidence-keys"
Json = Any


class Made(View):
    at: str
    for_name: str | None = None


class Vote(View):
    generation: int = 1
    revision: int = 1
    stage: int = 0
    approver_id: str
    voter_id: str
    decision: str
    at: str


class Proxy(View):
    from_id: str
    to_id: str
    starts_at: str
    ends_at: str


class Remark(View):
    author_id: str
    body: str
    created_at: str


class Entry(View):
    """One entry of the history, as it was hashed and committed to."""

    facts: dict[str, Json]
    hash: str
    erased: bool = False
    personal: dict[str, Json] | None = None


class Record(View):
    request: dict[str, Json]
    history: list[Entry] = Field(default_factory=list)
    votes: list[Vote] = Field(default_factory=list)
    proxies: list[Proxy] = Field(default_factory=list)
    comments: list[Remark] = Field(default_factory=list)
    people: dict[str, str | None] = Field(default_factory=dict)
    process_ids: list[str] = Field(default_factory=list)


class Signature(View):
    fingerprint: str
    key_id: str = ""


class EvidenceKey(View):
    kid: str
    fingerprint: str
    status: str = ""
    created_at: str
    retired_at: str | None = None


class Dossier(View):
    record: Record
    record_sha256: str = Field(alias="recordSha256")
    made: Made
    signature: Signature


@dataclass(frozen=True, slots=True)
class PrintedEntry:
    """One entry on paper. ``seen`` are the facts that were kept; ``as_before`` the number of an earlier entry that kept
    the very same ones."""

    number: int
    at: str
    look: Look
    who: str
    place: str
    comment: str
    noted: list[str]
    """Points to note that the approver acknowledged, where they were asked to."""
    erased: bool
    hash: str
    seen: list[tuple[str, str]]
    as_before: int | None


async def show(request: Request) -> Response:
    """GET /approvals/{id}/dossier: makes a dossier, and shows it."""
    page = Page.of(request)
    approval_id = request.path_params["id"]
    dossier = Dossier.model_validate(await page.gateway.get(f"/approvals/{segment(approval_id)}/dossier"))
    record = dossier.record
    approval = _with_names(record)
    kinds = await kinds_for_reading(page)
    return page.render(
        "opportunity/dossier.html",
        dossier=dossier,
        record=record,
        approval=approval,
        names=record.people,
        entries=_printed(record, approval, kinds),
        asked=table.lines(kinds, approval.kind, approval.fields, approval.currency),
        fingerprint=in_groups(dossier.signature.fingerprint),
        sha256=in_groups(dossier.record_sha256),
    )


async def download(request: Request) -> Response:
    """GET /approvals/-/dossiers/{id}.json: the file, named after the request, byte for byte as it was signed."""
    page = Page.of(request)
    answer, content = await page.gateway.download(f"/approvals/{segment(request.path_params['id'])}/dossier")
    headers = {"Cache-Control": "no-store"}
    if disposition := answer.headers.get("Content-Disposition"):
        headers["Content-Disposition"] = disposition
    return Response(content, headers=headers, media_type="application/json")


async def keys(request: Request) -> Response:
    """GET /approvals/evidence-keys."""
    page = Page.of(request)
    answer = await page.gateway.get(KEYS)
    found = [EvidenceKey.model_validate(item) for item in answer["keys"]]
    return page.render("opportunity/evidence_keys.html", keys=found, in_groups=in_groups)


async def download_keys(request: Request) -> Response:
    """GET /approvals/-/evidence-keys.json: what `ringi audit verify --keys` takes."""
    _, content = await Page.of(request).gateway.download(KEYS)
    headers = {"Content-Disposition": 'attachment; filename="evidence-keys.json"'}
    return Response(content, headers=headers, media_type="application/json")


def in_groups(digest: str) -> str:
    """As people compare it, and as `ringi audit verify` prints it."""
    return " ".join(digest[at : at + GROUP].upper() for at in range(0, len(digest), GROUP))


def _with_names(record: Record) -> Approval:
    """The request in the form that other pages show, with its people's names."""
    stages = [_stage(stage, record.people) for stage in record.request.get("stages", ())]
    shown = {name: value for name, value in record.request.items() if name != "stages"}
    approval = Approval.model_validate(shown)
    requester = record.people.get(approval.requester_id)
    decided_by = record.people.get(str(record.request.get("decidedById")))
    return approval.model_copy(update={"stages": stages, "requester_name": requester, "decided_by_name": decided_by})


def _stage(stage: Json, people: dict[str, str | None]) -> Stage:
    voters = dict.fromkeys(who for who in (*stage["approverIds"], stage.get("escalatedTo")) if who)
    approvers = [Person(id=who, name=people.get(who)) for who in voters]
    return Stage.model_validate(stage).model_copy(update={"approvers": approvers})


def _printed(record: Record, approval: Approval, kinds: Kinds) -> list[PrintedEntry]:
    printed: list[PrintedEntry] = []
    kept: list[tuple[int, Json]] = []
    for position, entry in enumerate(record.history, start=1):
        told = HistoryEntry.model_validate(entry.facts | {"actorName": _name(record, entry.facts.get("actorId"))})
        asked = ((entry.personal or {}).get("opinion") or {}).get("askedId")
        named = {
            "on_behalf_of_name": _name(record, entry.facts.get("onBehalfOfId")),
            "asked_name": _name(record, asked),
        }
        told = told.model_copy(update=named)
        snapshot = (entry.personal or {}).get("snapshot")
        same = next((number for number, other in kept if other == snapshot), None)
        if snapshot is not None and same is None:
            kept.append((position, snapshot))
        printed.append(
            PrintedEntry(
                number=position,
                at=told.at,
                look=look_of(told),
                who=actor_of(told),
                place=place_of(told, approval),
                comment=str((entry.personal or {}).get("comment") or ""),
                noted=[profile_words.flag_text(flag) for flag in (entry.personal or {}).get("acknowledgedFlags") or ()],
                erased=entry.erased,
                hash=entry.hash,
                seen=[] if snapshot is None or same is not None else _seen(snapshot, record.people, kinds),
                as_before=same if snapshot is not None else None,
            )
        )
    return printed


def _name(record: Record, who: Json) -> str | None:
    return record.people.get(str(who)) if who else None


def _seen(snapshot: Json, people: dict[str, str | None], kinds: Kinds) -> list[tuple[str, str]]:
    """What was seen, request first, then the customer."""
    customer = snapshot.get("customer")
    facts = {name: value for name, value in snapshot.items() if name not in ("stages", "customer")}
    if customer is not None:
        shown = {to_camel(name): value for name, value in customer.items()}
        facts["customer"] = shown | {"assignedSalesName": people.get(str(customer.get("assigned_sales_id")))}
    facts["opinions"] = [
        opinion | {f"{who}Name": people.get(opinion[f"{who}Id"]) for who in ("asked", "asker")}
        for opinion in snapshot.get("opinions", ())
    ]
    seen = RequestSeen.model_validate(facts)
    seen = seen.model_copy(update={"stages": [_stage(stage, people) for stage in snapshot.get("stages", ())]})
    return [*of_request(seen, kinds), *of_opinions(seen), *of_customer(seen.customer)]
