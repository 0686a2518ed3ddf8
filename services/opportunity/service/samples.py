"""Dossiers of many requests at once, for an audit sample."""

import csv
import io
import zipfile
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import orjson

from services.kit.db.database import UnitOfWork
from services.kit.events import audit
from services.kit.running import clock, zone
from services.kit.running.keyring import Keyring
from services.kit.trust.principal import Principal
from services.opportunity import chain
from services.opportunity.access import SEEN_THROUGH, view_of
from services.opportunity.dossier import Signer
from services.opportunity.errors import SampleTooLarge
from services.opportunity.repository import lists
from services.opportunity.schemas.approvals import ApprovalChoice
from services.opportunity.schemas.audit_samples import MAX_SAMPLE
from services.opportunity.service import dossiers, evidence_keys

INDEX: Final = ("file", "number", "state", "kind", "revision", "submittedAt", "decidedAt", "recordSha256")


async def take(uow: UnitOfWork, principal: Principal, choice: ApprovalChoice, keys: Keyring) -> bytes:
    """A ZIP. All or nothing: one transaction makes and audits all of it. Raises SampleTooLarge."""
    view = await view_of(uow, principal)
    rows = await lists.page(
        uow,
        seen_through=None if view.sees_all else (SEEN_THROUGH, view.people),
        params=view.params,
        filters=choice.narrowed,
        descending=False,
        after=None,
        limit=MAX_SAMPLE + 1,
    )
    if len(rows) > MAX_SAMPLE:
        raise SampleTooLarge(MAX_SAMPLE)
    asked = choice.model_dump(mode="json", by_alias=True, exclude_none=True)
    await audit.record_audit(
        uow,
        action="approval.dossier_sample",
        resource_type="approval",
        resource_id=None,
        detail={"count": len(rows), "filters": asked},
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        signer = await evidence_keys.signer(uow, keys)
        index = await pack(archive, uow, principal, [row["id"] for row in rows], signer)
        made = {"at": clock.now(), "forId": principal.user_id, "filters": asked, "count": len(index)}
        add(archive, "index.json", orjson.dumps(made | {"dossiers": index}, option=orjson.OPT_UTC_Z))
    return buffer.getvalue()


async def pack(
    archive: zipfile.ZipFile, uow: UnitOfWork, principal: Principal, approval_ids: Iterable[UUID], signer: Signer
) -> list[dict[str, Any]]:
    """A dossier of each request and `index.csv`; a line of the index for each. Each dossier is audited."""
    index: list[dict[str, Any]] = []
    for approval_id in approval_ids:
        document = await dossiers.signed(uow, principal, approval_id, signer)
        index.append(_line(document))
        add(archive, index[-1]["file"], chain.canonical(document))
    add(archive, "index.csv", _as_csv(index))
    return index


def _line(document: dict[str, Any]) -> dict[str, Any]:
    request = document["record"]["request"]
    told = request | {"file": f"dossiers/{request['number']}.json", "recordSha256": document["recordSha256"]}
    return {name: told[name] for name in INDEX}


def _as_csv(index: list[dict[str, Any]]) -> bytes:
    """No text of people is in it, so nothing that a spreadsheet could take for a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, INDEX)
    writer.writeheader()
    writer.writerows(index)
    return buffer.getvalue().encode("utf-8-sig")


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """One file, with the time of now on the user's clock."""
    now = zone.local(clock.now())
    entry = zipfile.ZipInfo(name, date_time=(now.year, now.month, now.day, now.hour, now.minute, now.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
