"""Dossiers of the stand-in's requests, really chained and signed, so that what a browser downloads can be verified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.opportunity import chain, dossier
from tests.support import fake_records as records

Json = dict[str, Any]
DECISIONS = ("APPROVE", "REJECT", "RETURN")
STAGE = (
    *("name", "approverIds", "mode", "quorum", "deadlineHours", "businessDays", "escalateTo", "escalatedTo"),
    *("viewerIds", "vacantIds"),
)
SAME = (
    *("id", "number", "title", "description", "kind", "customerId", "customerName", "requesterId", "ownerId"),
    *("amount", "currency", "fields", "flags", "generation", "revision", "state", "stage", "previousId", "processId"),
    *("createdAt", "submittedAt"),
)
SIGNER = dossier.Signer("evidence-20260101-0f0f0f0f", Ed25519PrivateKey.from_private_bytes(b"\x0f" * 32))


def keys() -> Json:
    listed = dossier.jwk(SIGNER.key_id, SIGNER.public)
    return {"keys": [listed | {"status": "ACTIVE", "createdAt": records.iso(-9000), "retiredAt": None}]}


def dossier_of(
    item: Json, entries: list[Json], remarks: list[Json], customer: Json | None, people: dict[str, Json], user: Json
) -> Json:
    """What the service would make of it for this user."""
    stages = [_stage(stage) for stage in item["stages"]]
    names = ("title", "description", "kind", "amount", "currency", "fields", "customerId", "flags")
    seen = {name: item[name] for name in names}
    seen |= {"stages": stages, "customer": customer and _facts(customer)}
    history: list[Json] = []
    for entry in entries:
        history.append(_entry(entry, item, history[-1]["hash"] if history else chain.GENESIS, seen))
    ended = [entry["facts"] for entry in history if entry["facts"]["state"] in ("APPROVED", "REJECTED", "RECALLED")]
    votes = [_vote(entry["facts"]) for entry in history if entry["facts"]["action"] in DECISIONS]
    request = {name: item[name] for name in SAME}
    request |= {
        "stages": stages,
        "decidedAt": ended[0]["at"] if ended else None,
        "decidedById": ended[0]["actorId"] if ended else None,
        "historyLength": len(history),
        "historyHead": history[-1]["hash"] if history else chain.GENESIS,
    }
    comments = [{name: remark[name] for name in ("id", "authorId", "body", "createdAt")} for remark in remarks]
    record = {
        "request": request,
        "history": history,
        "votes": votes,
        "proxies": [],
        "comments": comments,
        "people": {who: people[who]["name"] for who in sorted(set(_involved(request, history, comments)))},
        "processIds": [],
    }
    return dossier.sign(record, {"at": records.iso(), "forId": user["id"], "forName": user["name"]}, SIGNER)


def _stage(stage: Json) -> Json:
    return {"escalatedTo": None, "viewerIds": [], "vacantIds": []} | {
        name: stage[name] for name in STAGE if name in stage
    }


def _facts(customer: Json) -> Json:
    profile = customer["profile"]
    same = ("name", "kind", "relationship", "state")
    return {name: customer[name] for name in same} | {
        "assigned_sales_id": customer["assignedSalesId"],
        "birth_date": customer["birthDate"],
        "risk_tolerance": profile["riskTolerance"],
        "assets_band": profile["assetsBand"],
        "profile_complete": False,
        "profile_reviewed_at": profile["reviewedAt"],
    }


def _entry(entry: Json, item: Json, before: str, seen: Json) -> Json:
    personal: Json = {"comment": entry["comment"]}
    if entry["keepsEvidence"]:
        personal["snapshot"] = seen | {"revision": entry["revision"]}
    if "acknowledgedFlags" in entry:
        personal["acknowledgedFlags"] = entry["acknowledgedFlags"]
    salt = hashlib.sha256(entry["id"].encode()).digest()
    same = ("sequence", "at", "action", "actorId", "onBehalfOfId", "role", "generation", "stage", "revision", "state")
    facts = {name: entry[name] for name in same} | {
        "approvalId": item["id"],
        "processId": entry["processId"],
        "commitment": chain.commitment(salt, personal),
    }
    kept = {"salt": None, "personal": None} if entry["erased"] else {"salt": salt.hex(), "personal": personal}
    return kept | {
        "id": entry["id"],
        "facts": facts,
        "previousHash": before,
        "hash": chain.entry_hash(before, facts),
        "erased": entry["erased"],
    }


def _vote(facts: Json) -> Json:
    same = ("generation", "revision", "stage", "at")
    voter = {"approverId": facts["onBehalfOfId"] or facts["actorId"], "voterId": facts["actorId"]}
    return {name: facts[name] for name in same} | voter | {"decision": facts["action"]}


def _involved(request: Json, history: Iterable[Json], comments: Iterable[Json]) -> Iterable[str]:
    yield from (request["requesterId"], request["ownerId"])
    for stage in request["stages"]:
        yield from stage["approverIds"]
    yield from (entry["facts"]["actorId"] for entry in history)
    yield from (comment["authorId"] for comment in comments)
