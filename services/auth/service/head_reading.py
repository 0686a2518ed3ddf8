"""Reading signed heads back from a bucket: signatures, their order, and what they say of the chain."""

from dataclasses import dataclass, replace
from typing import Final

from services.auth import audit_heads
from services.auth.repository import audit, head_stores, keys
from services.auth.service.audit_verification import Fault, Finding
from services.auth.service.head_stores import BUCKET
from services.kit.db.unit_of_work import Reader
from services.kit.files.journal import BucketJournal

FIRST: Final = audit_heads.Place()


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What is wrong, and up to where the bucket was read; a next reading may start there if nothing is."""

    findings: list[Finding]
    place: audit_heads.Place


async def read_back(reader: Reader, journal: BucketJournal, *, whole: bool) -> ReadBack:
    """All of the bucket, or what follows the place up to which everything held. Raises StorageAway."""
    store = await head_stores.one(reader, BUCKET)
    # What the database says was kept is there; what is on its way now may be, or not.
    kept = 0 if store is None else store["position"]
    start = FIRST if whole or store is None or store["read_place"] is None else audit_heads.Place(**store["read_place"])
    known, _ = audit_heads.trusted(await keys.history(reader))
    place, findings = start, []
    async for number, content in journal.read(after=start.line):
        if number != place.line + 1:
            problem = f"object {number} of the bucket stands where line {place.line + 1} belongs"
            findings.append(Finding(place.position, problem, Fault.HEAD_BROKEN))
        lines = content.splitlines(keepends=True)
        for found in audit_heads.read_lines(lines, known, place):
            if isinstance(found, audit_heads.Broken):
                problem = f"line {found.line} of the signed heads in the bucket: {found.problem}"
                findings.append(Finding(place.position, problem, Fault.HEAD_BROKEN))
                continue
            findings += await _compared(reader, found, place.position)
            place = replace(place, position=max(place.position, found.position))
        digest = audit_heads.digest_of(lines[-1].strip()) if lines else place.digest
        place = audit_heads.Place(place.offset + len(content), place.line + len(lines), place.position, digest)
    if place.position < kept:
        problem = f"the signed heads in the bucket end at {place.position}, {kept} was kept there"
        findings.append(Finding(place.position, problem, Fault.HEADS_MISSING))
    return ReadBack(findings, place)


async def _compared(reader: Reader, head: audit_heads.Head, last: int) -> list[Finding]:
    if head.position < last:
        return [Finding(last, f"line {head.line} of the signed heads in the bucket goes back", Fault.HEAD_BROKEN)]
    linked = await audit.hash_at(reader, head.position)
    if linked is None:
        problem = f"truncated: a signed head in the bucket stands at {head.position}"
        return [Finding(head.position, problem, Fault.CHAIN_CUT)]
    if linked.hex() != head.hash:
        return [Finding(head.position, "differs from the signed head in the bucket", Fault.HEAD_DIFFERS)]
    return []
