"""How far the chain was verified: what the verifier finds, remembers, and never takes back by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.auth import audit_heads
from services.auth.cleanup import clean_up
from services.auth.service import audit_verifier
from services.auth.service.audit import Sealer, seal_batch
from services.auth.service.audit_verifier import Verifier
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.running import clock
from services.kit.running.ids import new_id
from tests.services.auth.audit_entries import as_an_intruder, entry, receive
from tests.services.auth.conftest import AuthWorld, Person, verify_audit_chain
from tests.support.waiting import eventually

VERIFICATION = "/auth/audit-verification"


class Chain:
    """A sealed and signed chain of an hour ago, its verifier, and an auditor who asks."""

    def __init__(self, world: AuthWorld, heads: Path, auditor: Person) -> None:
        self.world, self.heads, self.auditor = world, heads, auditor
        self.db: Database = world.client.kit.db
        self.keys = world.client.app.state.auth.keys
        self.verifier = Verifier(self.db, heads)

    async def grow(self, batches: int = 1) -> None:
        sealer = Sealer(self.db, self.keys, self.heads)
        for _ in range(batches):
            await receive(self.db, *(entry(at=clock.now() - timedelta(hours=1)) for _ in range(3)))
            head = await seal_batch(self.db)
            assert head is not None
            await sealer._sign(*head)

    async def told(self) -> dict[str, Any]:
        answer = await self.world.client.get(VERIFICATION, token=self.auditor.token)
        assert answer.status == 200
        found: dict[str, Any] = answer.json
        return found

    async def ask(self) -> dict[str, Any]:
        answer = await self.world.client.post(
            VERIFICATION, token=self.auditor.token, headers={"idempotency-key": str(new_id())}
        )
        assert answer.status == 202, answer.json
        found: dict[str, Any] = answer.json
        return found

    async def verify(self) -> dict[str, Any]:
        """All of it, as the button does."""
        await self.ask()
        await self.verifier.look()
        return await self.told()

    @property
    def lines(self) -> list[str]:
        return self.heads.read_text().splitlines()

    @lines.setter
    def lines(self, lines: list[str]) -> None:
        self.heads.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
async def chain(world: AuthWorld, tmp_path: Path) -> Chain:
    auditor = await world.signed_in(Role.AUDITOR)
    chain = Chain(world, tmp_path / "heads.jwt", auditor)
    await chain.keys.ensure()
    await chain.grow(3)
    assert len(chain.lines) == 4, "an introduction and three heads"
    return chain


async def test_nothing_is_claimed_before_anything_was_verified(chain: Chain) -> None:
    told = await chain.told()
    assert (told["holds"], told["position"], told["verifiedTo"], told["checkedAt"]) == (None, 0, None, None)
    assert told["total"] == 9


async def test_the_verifier_says_up_to_which_entry_it_holds(chain: Chain) -> None:
    await chain.verifier.look()
    told = await chain.told()
    assert (told["holds"], told["position"], told["total"], told["headsKept"]) == (True, 9, 9, True)
    async with chain.db.reader() as reader:
        at = await reader.scalar(
            "SELECT l.at FROM audit_log l JOIN audit_chain c ON c.audit_id = l.id WHERE c.position = 9"
        )
    assert told["verifiedTo"] == at.isoformat().replace("+00:00", "Z")
    assert told["checkedAt"] == told["wholeCheckedAt"]


async def test_what_is_new_is_verified_from_where_it_held(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    await chain.verifier.look()
    await chain.grow(2)
    read: list[int] = []
    links = audit_verifier.audit.links

    async def counted(reader: Any, *, after: int, limit: int) -> Any:
        read.append(after)
        return await links(reader, after=after, limit=limit)

    monkeypatch.setattr(audit_verifier.audit, "links", counted)
    await chain.verifier.look()
    assert read == [], "a minute has not passed"
    with clock.travel(timedelta(minutes=2)):
        await chain.verifier.look()
    told = await chain.told()
    assert read[0] == 9
    assert (told["holds"], told["position"]) == (True, 15)
    assert told["checkedAt"] > told["wholeCheckedAt"]


async def test_an_entry_is_only_believed_once_its_head_is_signed(chain: Chain) -> None:
    await receive(chain.db, entry())
    assert await seal_batch(chain.db) is not None
    told = await chain.verify()
    assert (told["holds"], told["position"], told["total"]) == (True, 9, 10)


Forgery = Callable[[Chain], Awaitable[None]]


async def _entry_changed(chain: Chain) -> None:
    async with as_an_intruder(chain.db) as intruder:
        await intruder.execute(
            "UPDATE audit_log SET outcome = 'DENIED' WHERE id = (SELECT audit_id FROM audit_chain WHERE position = 5)"
        )


async def _name_changed(chain: Chain) -> None:
    async with as_an_intruder(chain.db) as intruder:
        await intruder.execute(
            'UPDATE audit_log SET names = \'{"x": "somebody else"}\''
            " WHERE id = (SELECT audit_id FROM audit_chain WHERE position = 5)"
        )


async def _called_an_old_link(chain: Chain) -> None:
    await _name_changed(chain)
    async with as_an_intruder(chain.db) as intruder:
        await intruder.execute("UPDATE audit_chain SET form = 1 WHERE position = 5")


async def _entry_deleted(chain: Chain) -> None:
    async with as_an_intruder(chain.db) as intruder:
        await intruder.execute("ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_audit_id_fkey")
        await intruder.execute("DELETE FROM audit_log WHERE id = (SELECT audit_id FROM audit_chain WHERE position = 5)")


async def _entry_added(chain: Chain) -> None:
    async with as_an_intruder(chain.db) as intruder:
        await intruder.execute(
            "INSERT INTO audit_log (id, service, at, action, resource_type, outcome, salt)"
            " VALUES (gen_random_uuid(), 'x', now() - interval '1 hour', 'x', 'x', 'SUCCESS', '')"
        )


async def _head_removed(chain: Chain) -> None:
    """One in the middle: no other line is touched."""
    chain.lines = [*chain.lines[:2], *chain.lines[3:]]


async def _heads_cut(chain: Chain) -> None:
    chain.lines = chain.lines[:-1]


async def _heads_gone(chain: Chain) -> None:
    chain.heads.unlink()


def _forged(chain: Chain, kid: str, signer: Ed25519PrivateKey) -> str:
    claims = jwt.decode(chain.lines[2], options={"verify_signature": False})
    return jwt.encode(claims, signer, "EdDSA", headers={"typ": audit_heads.HEAD_TYPE, "kid": kid})


async def _head_of_a_stranger(chain: Chain) -> None:
    """The same words, signed with a key that nobody knows."""
    forged = _forged(chain, "stranger", Ed25519PrivateKey.generate())
    chain.lines = [*chain.lines[:2], forged, *chain.lines[3:]]


async def _head_under_a_known_name(chain: Chain) -> None:
    kid = jwt.get_unverified_header(chain.lines[2])["kid"]
    forged = _forged(chain, kid, Ed25519PrivateKey.generate())
    chain.lines = [*chain.lines[:2], forged, *chain.lines[3:]]


async def _head_of_a_smuggled_key(chain: Chain) -> None:
    """Whoever may write to the database adds a key of theirs to the history, introduced by itself."""
    forger = Ed25519PrivateKey.generate()
    async with as_an_intruder(chain.db) as intruder:
        await intruder.execute(
            "INSERT INTO signing_keys (kid, public_key, endorsement, created_at, retired_at)"
            " VALUES ('smuggled', %s, %s, now(), now())",
            [
                forger.public_key().public_bytes_raw(),
                audit_heads.introduction("smuggled", forger.public_key(), "smuggled", forger),
            ],
        )
    chain.lines = [*chain.lines[:2], _forged(chain, "smuggled", forger), *chain.lines[3:]]


async def _older_head_again(chain: Chain) -> None:
    chain.lines = [*chain.lines, chain.lines[1]]


FORGERIES: dict[Forgery, str] = {
    _entry_changed: "changed_entry",
    _name_changed: "changed_entry",
    _called_an_old_link: "changed_entry",
    _entry_deleted: "missing_entry",
    _entry_added: "outside",
    _head_removed: "head_broken",
    _heads_cut: "heads_missing",
    _heads_gone: "heads_missing",
    _head_of_a_stranger: "head_broken",
    _head_under_a_known_name: "head_broken",
    _head_of_a_smuggled_key: "head_broken",
    _older_head_again: "head_broken",
}


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__.strip("_"))
async def test_every_forgery_is_found_and_stays_found(chain: Chain, forgery: Forgery) -> None:
    await chain.verifier.look()
    await forgery(chain)
    told = await chain.verify()
    assert told["holds"] is False
    assert FORGERIES[forgery] in {finding["fault"] for finding in told["findings"]}, told["findings"]
    assert told["findingCount"] == len(told["findings"])
    assert told["position"] < 9 or forgery in (_entry_added, _older_head_again)
    # What `ringi verify` asks finds the same.
    assert await verify_audit_chain(chain.db, chain.heads)
    with clock.travel(timedelta(minutes=11)):
        await chain.verifier.look()
        assert (await chain.told())["holds"] is False


async def test_what_was_changed_before_it_was_read_again_is_found_where_it_is(chain: Chain) -> None:
    await _entry_changed(chain)
    told = await chain.verify()
    assert told["position"] == 3, "the last link before it whose head was signed"
    assert told["findings"][0]["position"] == 5


async def test_a_store_that_was_cut_is_found_before_the_next_one_of_the_whole(chain: Chain) -> None:
    await chain.verifier.look()
    await _heads_cut(chain)
    with clock.travel(timedelta(minutes=11)):
        await chain.verifier.look()
    told = await chain.told()
    assert (told["holds"], told["findings"][0]["fault"]) == (False, "head_broken")
    assert "bytes are missing" in told["findings"][0]["problem"]


async def test_what_was_mended_holds_again_after_one_of_the_whole(chain: Chain) -> None:
    lines = chain.lines
    await _heads_cut(chain)
    assert (await chain.verify())["holds"] is False
    chain.lines = lines
    told = await chain.verify()
    assert (told["holds"], told["position"], told["findings"]) == (True, 9, [])


async def test_asking_twice_is_one_verification_and_leaves_one_entry(chain: Chain) -> None:
    first, second = await chain.ask(), await chain.ask()
    assert first["underWay"] is not None
    assert first["underWay"]["id"] == second["underWay"]["id"]
    assert first["underWay"]["total"] == 9
    noted = await chain.world.audit("audit.verify")
    assert [row["actor_id"] for row in noted] == [chain.auditor.id]
    await chain.verifier.look()
    assert (await chain.told())["underWay"] is None


async def test_the_loop_takes_up_what_was_asked_for(chain: Chain) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(chain.verifier.run(stop))
    await chain.ask()

    async def done() -> bool:
        told = await chain.told()
        return told["underWay"] is None and told["holds"] is True

    await eventually(done, what="the verification")
    stop.set()
    await running


async def test_verifications_that_tell_nothing_any_more_are_forgotten(chain: Chain) -> None:
    await chain.verifier.look()
    for minutes in (11, 22):
        with clock.travel(timedelta(minutes=minutes)):
            await chain.verifier.look()
    with clock.travel(timedelta(days=2)):
        await clean_up(chain.db)
    async with chain.db.reader() as reader:
        rows = await reader.all("SELECT whole FROM audit_verifications ORDER BY finished_at")
    assert [row["whole"] for row in rows] == [True, False]


async def test_two_sealers_never_write_a_head_behind_a_newer_one(chain: Chain) -> None:
    await receive(chain.db, *(entry(at=clock.now() - timedelta(hours=1)) for _ in range(3)))
    slow = await seal_batch(chain.db)
    await chain.grow()
    assert slow is not None
    await Sealer(chain.db, chain.keys, chain.heads)._sign(*slow)
    assert await verify_audit_chain(chain.db, chain.heads) == []
