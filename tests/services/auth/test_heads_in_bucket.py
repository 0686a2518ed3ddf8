"""What lies in the bucket is read back: whatever somebody does to it, or to the chain behind it, is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import jwt
import pytest

from services.auth import audit_heads
from services.auth.service.head_stores import BUCKET
from services.contracts.permissions import Role
from services.kit.running import clock
from tests.services.auth.audit_entries import as_an_intruder
from tests.services.auth.kept_heads import Kept

Forgery = Callable[[Kept], Awaitable[None]]


def names(kept: Kept) -> list[str]:
    return sorted(kept.s3.objects)


async def _object_removed(kept: Kept) -> None:
    del kept.s3.objects[names(kept)[1]]


async def _first_removed(kept: Kept) -> None:
    del kept.s3.objects[names(kept)[0]]


async def _last_removed(kept: Kept) -> None:
    del kept.s3.objects[names(kept)[-1]]


async def _all_removed(kept: Kept) -> None:
    kept.s3.objects.clear()


async def _replaced_by_another(kept: Kept) -> None:
    first, second = names(kept)[1:3]
    kept.s3.objects[second] = kept.s3.objects[first]


async def _exchanged(kept: Kept) -> None:
    first, second = names(kept)[1:3]
    objects = kept.s3.objects
    objects[first], objects[second] = objects[second], objects[first]


async def _one_byte(kept: Kept) -> None:
    name = names(kept)[1]
    content = bytearray(kept.s3.objects[name])
    content[-5] ^= 1
    kept.s3.objects[name] = bytes(content)


async def _signature_of_a_stranger(kept: Kept) -> None:
    name = names(kept)[1]
    line = kept.s3.objects[name].decode().strip()
    claims = jwt.decode(line, options={"verify_signature": False})
    stranger = audit_heads.Ed25519PrivateKey.generate()
    forged = jwt.encode(claims, stranger, "EdDSA", headers=jwt.get_unverified_header(line))
    kept.s3.objects[name] = f"{forged}\n".encode()


async def _object_added(kept: Kept) -> None:
    kept.s3.objects["99999999999999999999"] = kept.s3.objects[names(kept)[1]]


async def _foreign_name(kept: Kept) -> None:
    kept.s3.objects["readme"] = b"hello\n"


async def _emptied(kept: Kept) -> None:
    kept.s3.objects[names(kept)[1]] = b""


async def _chain_rewritten(kept: Kept) -> None:
    """Whoever may write to the database makes the last link another one, hash and all."""
    async with as_an_intruder(kept.db) as intruder:
        await intruder.execute("UPDATE audit_chain SET hash = sha256(hash) WHERE position = 9")


async def _chain_cut(kept: Kept) -> None:
    async with as_an_intruder(kept.db) as intruder:
        await intruder.execute("DELETE FROM audit_chain WHERE position > 6")
        await intruder.execute("DELETE FROM audit_log WHERE id NOT IN (SELECT audit_id FROM audit_chain)")


@pytest.mark.parametrize(
    ("forgery", "faults"),
    [
        (_object_removed, {"head_broken"}),
        (_first_removed, {"head_broken"}),
        (_last_removed, {"heads_missing"}),
        (_all_removed, {"heads_missing"}),
        (_replaced_by_another, {"head_broken"}),
        (_exchanged, {"head_broken"}),
        (_one_byte, {"head_broken"}),
        (_signature_of_a_stranger, {"head_broken"}),
        (_object_added, {"head_broken"}),
        (_foreign_name, {"head_broken"}),
        (_emptied, {"head_broken"}),
        (_chain_rewritten, {"head_differs"}),
        (_chain_cut, {"chain_cut"}),
    ],
)
async def test_each_forgery_of_bucket_or_chain_is_found(kept: Kept, forgery: Forgery, faults: set[str]) -> None:
    for _ in range(3):
        await kept.grow()
        await kept.keep()
    assert len(kept.s3.objects) == 3
    assert (await kept.verify())["holds"] is True
    await forgery(kept)
    told = await kept.verify()
    assert told["holds"] is False
    assert faults <= {finding["fault"] for finding in told["findings"]}, told["findings"]


async def test_a_part_reads_on_from_where_it_held_and_finds_what_was_put_there_since(kept: Kept) -> None:
    await kept.grow(2)
    await kept.keep()
    assert (await kept.verify())["holds"] is True
    await kept.grow()
    await kept.keep()
    await _one_byte(kept)
    with clock.travel(timedelta(minutes=2)):
        await kept.verifier.look()
        auditor = await kept.world.signed_in(Role.AUDITOR)
        answer = await kept.world.client.get("/auth/audit-verification", token=auditor.token)
    assert answer.json["holds"] is False
    assert {finding["fault"] for finding in answer.json["findings"]} >= {"head_broken"}


async def test_a_bucket_that_is_away_is_no_finding(kept: Kept) -> None:
    await kept.grow()
    await kept.keep()
    kept.s3.away = True
    told = await kept.verify()
    assert (told["holds"], (await kept.store(BUCKET))["readAt"]) == (True, None)
