"""The audit log: complete, append-only, chained, and readable by who audits."""

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import orjson
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.auth import audit_heads
from services.auth.service.audit import Sealer, seal_batch
from services.contracts.permissions import Role
from services.contracts.topics import AUDIT_EVENTS
from services.kit.db.database import Database
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.auth.audit_entries import as_an_intruder, entry, receive
from tests.services.auth.conftest import AuthWorld, Person, rotate_signing_key, verify_audit_chain
from tests.support.waiting import eventually


@pytest.fixture
async def chain(world: AuthWorld) -> Database:
    """Ten sealed entries."""
    db = world.client.kit.db
    await receive(db, *(entry(at=clock.now() + timedelta(milliseconds=n)) for n in range(10)))
    assert await seal_batch(db) is not None
    assert await verify_audit_chain(db) == []
    return db


async def test_auditors_read_what_all_services_recorded(world: AuthWorld) -> None:
    db = world.client.kit.db
    actor, customer = uuid4(), uuid4()
    first = entry("customer", actor_id=actor, resource_id=customer)
    second = entry("opportunity", action="approval.approved", resource_type="approval")
    await receive(db, first, second)
    auditor = await world.signed_in(Role.AUDITOR)

    async def listed(**params: str) -> list[dict[str, Any]]:
        answer = await world.client.get("/auth/audit-logs", token=auditor.token, params=params)
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    assert [item["service"] for item in await listed()] == ["opportunity", "customer"]
    assert (await listed(actorId=str(actor)))[0] | {"id": "", "at": ""} == {
        "id": "",
        "at": "",
        "service": "customer",
        "actorId": str(actor),
        "actorName": None,
        "onBehalfOfId": None,
        "onBehalfOfName": None,
        "action": "customer.updated",
        "resourceType": "customer",
        "resourceId": str(customer),
        "outcome": "SUCCESS",
        "ip": "192.0.2.1",
        "requestId": "r-1",
        "processId": None,
        "detail": {"changed": ["name"], "amount": 12},
        "names": {},
        "namesKept": True,
        "position": None,
        "hash": None,
        "previousHash": None,
    }
    assert [i["action"] for i in await listed(action="approval.approved")] == ["approval.approved"]
    assert len(await listed(resourceType="customer", resourceId=str(customer))) == 1
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    assert await listed(**{"from": tomorrow}) == []
    assert len(await listed(to=tomorrow)) == 2


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER, Role.APPROVER, Role.OPS])
async def test_nobody_else_reads_the_audit(world: AuthWorld, role: Role) -> None:
    person = await world.signed_in(role)
    assert (await world.client.get("/auth/audit-logs", token=person.token)).status == 403


async def test_the_log_pages_from_newest_to_oldest(world: AuthWorld, admin: Person) -> None:
    await receive(world.client.kit.db, *(entry(at=clock.now() + timedelta(seconds=n)) for n in range(5)))
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await world.client.get("/auth/audit-logs", token=admin.token, params=params)).json
        seen += [item["at"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


async def test_an_entry_that_comes_twice_stands_once(world: AuthWorld) -> None:
    db = world.client.kit.db
    envelope = entry()
    await receive(db, envelope)
    await receive(db, envelope, envelope)
    async with db.reader() as reader:
        assert await reader.scalar("SELECT count(*) FROM audit_log") == 1


async def test_sealed_entries_show_their_place_in_the_chain(world: AuthWorld, admin: Person, chain: Database) -> None:
    items = (await world.client.get("/auth/audit-logs", token=admin.token)).json["items"]
    assert [item["previousHash"] for item in items[:-1]] == [item["hash"] for item in items[1:]]
    assert items[-1]["previousHash"] == "00" * 32


async def test_two_sealers_at_once_make_one_chain(world: AuthWorld) -> None:
    db = world.client.kit.db
    for _ in range(5):
        await receive(db, *(entry() for _ in range(20)))
        await asyncio.gather(*(seal_batch(db) for _ in range(4)))
    while await seal_batch(db) is not None:
        pass
    assert await verify_audit_chain(db) == []
    async with db.reader() as reader:
        assert await reader.scalar("SELECT count(*) FROM audit_chain") == 100


@pytest.mark.parametrize("table", ["audit_log", "audit_chain"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_the_tables_take_inserts_only(chain: Database, table: str, statement: str) -> None:
    column = "action" if table == "audit_log" else "position"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with chain.transaction(ActorContext.system()) as uow:
            await uow.execute(statement.format(table, column, column))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE audit_log SET actor_id = gen_random_uuid() WHERE id = '{id}'", "changed entry"),
        ("UPDATE audit_log SET detail = '{{\"amount\": 13}}' WHERE id = '{id}'", "changed entry"),
        ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE id = '{id}'", "changed entry"),
        ("UPDATE audit_log SET outcome = 'DENIED' WHERE id = '{id}'", "changed entry"),
        ("DELETE FROM audit_chain WHERE position = 5", "missing link"),
        ("UPDATE audit_chain SET hash = sha256('x') WHERE position = 5", "changed entry"),
        ("UPDATE audit_log SET detail = NULL WHERE id = '{id}'", "changed entry"),
    ],
)
async def test_an_edit_behind_the_back_of_the_service_is_found(chain: Database, statement: str, problem: str) -> None:
    async with as_an_intruder(chain) as intruder:
        await intruder.execute(statement.format(id=await entry_at(chain, 5)))
    findings = await verify_audit_chain(chain)
    assert problem in {finding.problem for finding in findings}
    assert min(finding.position for finding in findings) == 5


async def entry_at(chain: Database, position: int) -> UUID:
    async with chain.reader() as reader:
        audit_id: UUID = await reader.scalar("SELECT audit_id FROM audit_chain WHERE position = %s", [position])
    return audit_id


async def test_two_entries_that_changed_places_are_found(chain: Database) -> None:
    fifth, sixth = await entry_at(chain, 5), await entry_at(chain, 6)
    async with as_an_intruder(chain) as intruder:
        await intruder.execute("ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_audit_id_key")
        await intruder.execute("UPDATE audit_chain SET audit_id = %s WHERE position = 6", [fifth])
        await intruder.execute("UPDATE audit_chain SET audit_id = %s WHERE position = 5", [sixth])
    findings = await verify_audit_chain(chain)
    assert [finding.position for finding in findings] == [5, 6]


async def test_a_detail_that_was_erased_with_its_salt_leaves_the_chain_whole(chain: Database) -> None:
    async with as_an_intruder(chain) as purge:
        await purge.execute("UPDATE audit_log SET detail = NULL, salt = NULL WHERE id = %s", [await entry_at(chain, 5)])
    assert await verify_audit_chain(chain) == []


async def test_an_entry_added_behind_the_back_of_the_sealer_is_found(chain: Database) -> None:
    async with as_an_intruder(chain) as intruder:
        await intruder.execute(
            "INSERT INTO audit_log (id, service, at, action, resource_type, outcome, salt)"
            " VALUES (gen_random_uuid(), 'x', now() - interval '1 hour', 'x', 'x', 'SUCCESS', '')"
        )
    assert "outside of the chain" in (await verify_audit_chain(chain))[0].problem


async def test_a_truncated_chain_is_found_by_the_signed_heads(world: AuthWorld, tmp_path: Path) -> None:
    db, heads = world.client.kit.db, tmp_path / "heads.jwt"
    keys = world.client.app.state.auth.keys
    await keys.ensure()
    stop = asyncio.Event()
    running = asyncio.create_task(Sealer(db, keys, heads).run(stop))
    await receive(db, *(entry() for _ in range(3)))
    await eventually(heads.exists, what="the signed head")
    stop.set()
    await running
    header = jwt.get_unverified_header(heads.read_text().split()[-1])
    assert await keys.key(header["kid"]) is not None
    assert await verify_audit_chain(db, heads) == []
    async with as_an_intruder(db) as intruder:
        await intruder.execute("DELETE FROM audit_chain WHERE position = 3")
        await intruder.execute("DELETE FROM audit_log WHERE id NOT IN (SELECT audit_id FROM audit_chain)")
    assert await verify_audit_chain(db) == []
    assert any("truncated" in finding.problem for finding in await verify_audit_chain(db, heads))


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def write(path: Path, *lines: str, torn: str = "") -> None:
    path.write_text("".join(f"{line}\n" for line in lines) + torn)


@pytest.fixture
async def heads(world: AuthWorld, tmp_path: Path) -> Path:
    """A store with the heads of two keys: three lines of each, an introduction and two heads."""
    db, path = world.client.kit.db, tmp_path / "heads.jwt"
    keys = world.client.app.state.auth.keys
    await keys.ensure()
    for _ in range(2):
        sealer = Sealer(db, keys, path)
        for _ in range(2):
            await receive(db, *(entry(at=clock.now() - timedelta(hours=1)) for _ in range(3)))
            head = await seal_batch(db)
            assert head is not None
            await sealer._sign(*head)
        await rotate_signing_key(world.client.kit.settings, db)
        keys._loaded_at = None
    assert len(lines_of(path)) == 6
    assert await verify_audit_chain(db, path) == []
    return path


async def problems(world: AuthWorld, heads: Path) -> str:
    return "; ".join(finding.problem for finding in await verify_audit_chain(world.client.kit.db, heads))


async def test_a_head_that_was_edited_is_found(world: AuthWorld, heads: Path) -> None:
    lines = lines_of(heads)
    head, claims, signature = lines[1].split(".")
    content = orjson.loads(base64.urlsafe_b64decode(claims + "=="))
    edited = base64.urlsafe_b64encode(orjson.dumps(content | {"hash": "00" * 32})).rstrip(b"=").decode()
    write(heads, lines[0], f"{head}.{edited}.{signature}", *lines[2:])
    assert "line 2 of the signed heads" in await problems(world, heads)


async def test_a_key_that_was_swapped_is_found_in_the_store_and_in_the_database(world: AuthWorld, heads: Path) -> None:
    forger = Ed25519PrivateKey.generate()
    lines = lines_of(heads)
    kid = jwt.get_unverified_header(lines[1])["kid"]
    claims = [jwt.decode(line, options={"verify_signature": False}) for line in lines[1:3]]
    forged = [audit_heads.introduction(kid, forger.public_key(), kid, forger)] + [
        jwt.encode(claim, forger, "EdDSA", headers={"typ": audit_heads.HEAD_TYPE, "kid": kid}) for claim in claims
    ]
    write(heads, *forged, *lines[3:])
    assert "not the one that the database names" in await problems(world, heads)
    write(heads, *lines)
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        public = forger.public_key().public_bytes_raw()
        await uow.execute("UPDATE signing_keys SET public_key = %s WHERE kid = %s", [public, kid])
    assert "not the one that the database names" in await problems(world, heads)


async def test_a_store_that_lost_its_newest_heads_is_found(world: AuthWorld, heads: Path) -> None:
    lines = lines_of(heads)
    write(heads, *lines[:-1])
    assert "the signed heads end at 9, the chain at 12" in await problems(world, heads)
    write(heads)
    assert "the signed heads end at 0" in await problems(world, heads)


async def test_a_line_that_a_crash_left_half_written_is_cut_off_and_its_head_written_again(
    world: AuthWorld, heads: Path
) -> None:
    *before, last = lines_of(heads)
    write(heads, *before, torn=last[:20])
    sealer = Sealer(world.client.kit.db, world.client.app.state.auth.keys, heads)
    await sealer._catch_up()
    assert await verify_audit_chain(world.client.kit.db, heads) == []


async def test_what_was_signed_years_ago_still_verifies(world: AuthWorld, heads: Path) -> None:
    kit = world.client.kit
    for years in (1, 2):
        with clock.travel(timedelta(days=365 * years)):
            await rotate_signing_key(kit.settings, kit.db)
    assert await verify_audit_chain(kit.db, heads) == []
    async with kit.db.reader() as reader:
        rows = await reader.all("SELECT sealed_private_key IS NULL AS erased FROM signing_keys ORDER BY created_at")
    assert [row["erased"] for row in rows[:2]] == [True, True]


async def test_what_auth_itself_does_goes_the_same_way(world: AuthWorld) -> None:
    await world.signed_in()
    async with world.client.kit.db.reader() as reader:
        rows = await reader.all("SELECT data FROM outbox WHERE topic = %s ORDER BY seq", [AUDIT_EVENTS])
    actions = [row["data"]["action"] for row in rows]
    assert actions == ["user.created", "user.login"]
    assert all("correct horse" not in str(row["data"]) for row in rows)
