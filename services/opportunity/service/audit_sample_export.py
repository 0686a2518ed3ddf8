"""What an auditor takes away of a sample: its own sheet, signed, and the dossiers of what was drawn."""

import io
import zipfile
from typing import Any
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.events import audit
from services.kit.running import clock
from services.kit.running.keyring import Keyring
from services.kit.trust.principal import Principal
from services.opportunity import chain, dossier, drawing
from services.opportunity.dossier import Signer
from services.opportunity.repository import audit_samples as rows
from services.opportunity.repository import people
from services.opportunity.schemas.sample_sheet import SHEET_SCHEMA, SHEET_VERSION
from services.opportunity.service import audit_samples, evidence_keys, samples
from services.opportunity.service.dossiers import plain


async def sheet(uow: UnitOfWork, principal: Principal, sample_id: UUID, keys: Keyring) -> bytes:
    """The sheet alone, in its canonical form. Raises NotFound."""
    sample = await audit_samples.one(uow, sample_id)
    return await _signed(uow, principal, sample, await evidence_keys.signer(uow, keys), [])


async def export(uow: UnitOfWork, principal: Principal, sample_id: UUID, keys: Keyring) -> bytes:
    """A ZIP of the sheet, the population and the dossiers; one transaction makes and audits all of it."""
    sample = await audit_samples.one(uow, sample_id)
    signer = await evidence_keys.signer(uow, keys)
    drawn = [item["approvalId"] for item in await rows.items(uow, sample_id)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        index = await samples.pack(archive, uow, principal, drawn, signer)
        samples.add(archive, "sample.json", await _signed(uow, principal, sample, signer, index))
        samples.add(archive, "population.txt", drawing.listing(await rows.numbers(uow, sample_id)))
    return buffer.getvalue()


async def _signed(
    uow: UnitOfWork, principal: Principal, sample: Row, signer: Signer, index: list[dict[str, Any]]
) -> bytes:
    record = await _record(uow, sample)
    names = await people.names(uow, [principal.user_id])
    made = {
        "at": clock.now(),
        "forId": principal.user_id,
        "forName": names.get(principal.user_id),
        "dossiers": [{name: line[name] for name in ("number", "file", "recordSha256")} for line in index],
    }
    document = dossier.sign(plain(record), plain(made), signer, schema=SHEET_SCHEMA, version=SHEET_VERSION)
    await audit.record_audit(
        uow,
        action="audit_sample.export",
        resource_type=audit_samples.RESOURCE,
        resource_id=sample["id"],
        detail={
            "recordSha256": document["recordSha256"],
            "keyFingerprint": document["signature"]["fingerprint"],
            "dossiers": len(index),
        },
    )
    return chain.canonical(document)


async def _record(reader: Reader, sample: Row) -> dict[str, Any]:
    said: dict[int, list[dict[str, Any]]] = {}
    for row in await rows.assessments(reader, sample["id"]):
        said.setdefault(row["position"], []).append(
            {name: row[name] for name in ("version", "assessment", "note")}
            | {"at": row["assessedAt"], "byId": row["assessedById"]}
        )
    drawn = [
        {name: item[name] for name in ("position", "approvalId", "number")}
        | {"assessments": said.get(item["position"], [])}
        for item in await rows.items(reader, sample["id"])
    ]
    facts = ("population", "populationSize", "populationSha256", "algorithm", "seed", "seedGiven", "count")
    closing = None
    if sample["closedAt"] is not None:
        closing = {"at": sample["closedAt"], "byId": sample["closedById"], "result": sample["result"]}
    involved = {sample["drawnById"], *(one["byId"] for entries in said.values() for one in entries)}
    if closing is not None:
        involved.add(closing["byId"])
    names = await people.names(reader, sorted(involved))
    return {
        "id": sample["id"],
        "title": sample["title"],
        "previousId": sample["previousId"],
        "drawing": {name: sample[name] for name in facts} | {"at": sample["drawnAt"], "byId": sample["drawnById"]},
        "items": drawn,
        "state": sample["state"],
        "closing": closing,
        "people": {str(who): names.get(who) for who in sorted(involved)},
    }
