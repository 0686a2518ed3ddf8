"""The dossier of a request: everything about its approval in one signed document."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from pydantic.alias_generators import to_camel

from services.contracts import money
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import NotFound
from services.kit.events import audit
from services.kit.running import clock
from services.kit.running.keyring import Keyring
from services.kit.trust.principal import Principal
from services.opportunity import chain, dossier
from services.opportunity.dossier import Signer
from services.opportunity.record import Approval, stages_to_json
from services.opportunity.repository import approvals, evidence, people
from services.opportunity.service import evidence_keys
from services.opportunity.service.views import require_visible

_HISTORY_FACTS = ("approval_id", "sequence", "at", "action", "actor_id", "role", "generation", "stage", "revision")
_REQUEST_FACTS = (
    *("id", "number", "title", "description", "customer_id", "currency", "fields", "flags"),
    *("previous_id", "process_id", "created_at", "submitted_at", "decided_at", "history_length", "history_head"),
)
_PROGRESS_FACTS = ("requester_id", "owner_id", "generation", "revision", "stage")


async def make(uow: UnitOfWork, principal: Principal, approval_id: UUID, keys: Keyring) -> dict[str, Any]:
    """A dossier for the caller, signed now. Making one is audited. Raises NotFound for what the caller may not see."""
    await require_visible(uow, principal, approval_id)
    return await signed(uow, principal, approval_id, await evidence_keys.signer(uow, keys))


async def signed(uow: UnitOfWork, principal: Principal, approval_id: UUID, signer: Signer) -> dict[str, Any]:
    """The same of a request that the caller is known to see."""
    await evidence.hold(uow, approval_id)
    approval = await approvals.read(uow, approval_id)
    if approval is None:
        raise NotFound()
    record = await _record(uow, approval)
    names = await people.names(uow, [principal.user_id])
    made = {"at": clock.now(), "forId": principal.user_id, "forName": names.get(principal.user_id)}
    document = dossier.sign(plain(record), plain(made), signer)
    await audit.record_audit(
        uow,
        action="approval.dossier",
        resource_type="approval",
        resource_id=approval.id,
        detail={
            "number": approval.number,
            "recordSha256": document["recordSha256"],
            "keyFingerprint": document["signature"]["fingerprint"],
        },
    )
    return document


async def _record(reader: Reader, approval: Approval) -> dict[str, Any]:
    history = await evidence.history(reader, approval.id)
    votes = await evidence.votes(reader, approval.id)
    proxies = await evidence.proxies_used(reader, approval.id)
    remarks = await evidence.remarks(reader, approval.id)
    customer_id = approval.customer_id
    request = {name: getattr(approval, name) for name in _REQUEST_FACTS}
    request |= {name: getattr(approval.progress, name) for name in _PROGRESS_FACTS}
    request |= {
        "amount": money.to_json(approval.amount),
        "kind": approval.kind.value,
        "state": approval.state.value,
        "stages": [_of_the_route(stage) for stage in stages_to_json(approval.progress.stages)],
        "decided_by_id": approval.decided_by,
        "customer_name": None if customer_id is None else await evidence.customer_name(reader, customer_id),
    }
    involved = set(_people(approval, history, votes, proxies, remarks))
    names = await people.names(reader, sorted(involved))
    processes = {row["process_id"] for row in history} | {approval.process_id}
    return {
        "request": _camel(request),
        "history": [_entry(row) for row in history],
        "votes": [_camel(row) for row in votes],
        "proxies": [_camel(row) for row in proxies],
        "comments": [_camel(row) for row in remarks],
        "people": {str(who): names.get(who) for who in sorted(involved)},
        "processIds": sorted(process for process in processes if process is not None),
    }


def _of_the_route(stage: dict[str, Any]) -> dict[str, Any]:
    """A stage as this version of the dossier knows it. Whom the request is shown to when, who reviews it, and whether
    superiors may step in, stands in what the entries of the history say was seen."""
    return {name: value for name, value in stage.items() if name not in ("stepIn", "viewWhen", "reviewerIds")}


def _entry(row: Row) -> dict[str, Any]:
    facts = {name: row[name] for name in (*_HISTORY_FACTS, "state", "process_id", "commitment")}
    return {
        "id": row["id"],
        "facts": _camel(facts) | {"onBehalfOfId": row["on_behalf_of"]},
        "previousHash": row["previous_hash"],
        "hash": row["hash"],
        "erased": row["salt"] is None,
        "salt": None if row["salt"] is None else bytes(row["salt"]).hex(),
        "personal": row["content"],
    }


def _people(
    approval: Approval, history: list[Row], votes: list[Row], proxies: list[Row], remarks: list[Row]
) -> Iterable[UUID]:
    """Everybody whom the record names by id, for their names."""
    yield from (approval.progress.requester_id, approval.progress.owner_id)
    yield from _in_stages(stages_to_json(approval.progress.stages))
    for row in history:
        yield from (who for who in (row["actor_id"], row["on_behalf_of"]) if who is not None)
        personal = row["content"] or {}
        yield from (UUID(who) for who in (personal.get("fromId"), personal.get("toId")) if who is not None)
        yield from map(UUID, personal.get("line") or ())
        asked = personal.get("opinion") or {}
        yield from (UUID(asked[who]) for who in ("askedId", "askerId") if who in asked)
        yield from _in_stages((personal.get("snapshot") or {}).get("stages", ()))
    for row in votes:
        yield from (row["approver_id"], row["voter_id"])
    for row in proxies:
        yield from (row["from_id"], row["to_id"])
    yield from (row["author_id"] for row in remarks)


def _in_stages(stages: Iterable[dict[str, Any]]) -> Iterable[UUID]:
    for stage in stages:
        named = (*stage["approverIds"], *stage["viewerIds"], *stage["vacantIds"], *stage.get("reviewerIds", ()))
        yield from map(UUID, named)
        yield from (UUID(who) for who in (stage["escalateTo"], stage["escalatedTo"]) if who is not None)


def _camel(row: dict[str, Any]) -> dict[str, Any]:
    return {to_camel(name): value for name, value in row.items()}


def plain(value: object) -> dict[str, Any]:
    """As JSON has it: ids and times as the text that hashes cover."""
    read: dict[str, Any] = orjson.loads(chain.canonical(value))
    return read
