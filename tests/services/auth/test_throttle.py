"""Failed sign-ins: guessing is slowed down, and neither its victim nor an office that shares an address locked out."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from services.auth import passwords
from services.auth.service.throttle import (
    ACCOUNT_LIMIT,
    ADDRESS_LIMIT,
    ADDRESS_LIMIT_PER_USER,
    PAIR,
    PAIR_LIMIT,
    WINDOWS,
)
from services.kit.db.unit_of_work import Reader
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.auth.conftest import PASSWORD, AuthWorld, Person
from tests.support.http import ServiceClient

ATTACKER = "203.0.113.7"
OFFICE = "198.51.100.20"


async def test_guessing_from_one_address_is_slowed_down(world: AuthWorld) -> None:
    person = await world.person()
    answers = [await world.login(person, f"guess {n}", address=ATTACKER) for n in range(PAIR_LIMIT + 1)]
    assert [a.status for a in answers] == [401] * PAIR_LIMIT + [429]
    assert answers[-1].json["code"] == "login_throttled"
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_parallel_guesses_can_not_slip_through_together(world: AuthWorld) -> None:
    person = await world.person()
    guesses = [world.login(person, f"guess {n}", address=ATTACKER) for n in range(PAIR_LIMIT * 3)]
    answers = await asyncio.gather(*guesses)
    assert sum(a.status == 401 for a in answers) == PAIR_LIMIT


async def test_the_victim_signs_in_while_the_attacker_is_slowed_down(world: AuthWorld) -> None:
    person = await world.person()
    for n in range(PAIR_LIMIT + 1):
        await world.login(person, f"guess {n}", address=ATTACKER)
    assert (await world.login(person)).status == 200


async def test_a_spread_attack_locks_the_account_for_strangers_only(world: AuthWorld) -> None:
    person = await world.sign_in(await world.person())
    await world.login(person, "wrong password")
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE login_attempts SET failures = %s WHERE scope = 'account'", [ACCOUNT_LIMIT])
    from_elsewhere = await world.login(person, address=ATTACKER)
    assert from_elsewhere.status == 429
    wrong_from_home = await world.login(person, "wrong password")
    assert wrong_from_home.status == 401
    assert (await world.user(person))["state"] == "LOCKED"
    from_home = await world.login(person)
    assert from_home.status == 200
    assert (await world.user(person))["state"] == "ACTIVE"


async def test_guesses_count_together_though_the_clocks_of_replicas_are_minutes_apart(world: AuthWorld) -> None:
    person = await world.person()
    for number in range(PAIR_LIMIT):
        with clock.travel(clock.MAX_SKEW * (number % 2)):
            assert (await world.login(person, f"guess {number}", address=ATTACKER)).status == 401
    for ahead in (timedelta(0), clock.MAX_SKEW):
        with clock.travel(ahead):
            assert (await world.login(person, address=ATTACKER)).status == 429
    with clock.travel(WINDOWS[PAIR] + clock.MAX_SKEW):
        assert (await world.login(person, address=ATTACKER)).status == 200


async def test_the_throttle_forgets_after_its_window(world: AuthWorld) -> None:
    person = await world.person()
    for n in range(PAIR_LIMIT + 1):
        await world.login(person, f"guess {n}", address=ATTACKER)
    with clock.travel(timedelta(minutes=16)):
        assert (await world.login(person, address=ATTACKER)).status == 200


async def test_the_address_behind_our_own_proxies_counts_and_no_other(world: AuthWorld) -> None:
    person = await world.person()
    for number in range(PAIR_LIMIT + 1):
        body = {"email": person.email, "password": "guess"}
        behind_gateway = {"x-forwarded-for": f"198.51.100.{number}, {ATTACKER}"}
        answer = await world.client.post("/auth/login", body, headers=behind_gateway)
    assert answer.status == 429
    outside = ServiceClient(world.client.app, "198.51.100.200")
    spoofed = await outside.post(
        "/auth/login", {"email": person.email, "password": PASSWORD}, headers={"x-forwarded-for": ATTACKER}
    )
    assert spoofed.status == 200


async def test_an_office_signs_in_at_one_instant(world: AuthWorld) -> None:
    person, colleague = await world.person(), await world.person()
    # On a busy machine the last of them waits longer than a caller would; that is not what is tested here.
    world.client.app.state.auth.hashing._queue._patience = 300.0
    answers = await asyncio.gather(*(world.login(person, address=OFFICE) for _ in range(60)))
    assert [answer.status for answer in answers] == [200] * 60
    guesses = await asyncio.gather(*(world.login(person, f"guess {n}", address=OFFICE) for n in range(60)))
    assert sorted(answer.status for answer in guesses) == [401] * PAIR_LIMIT + [429] * (60 - PAIR_LIMIT)
    assert (await world.login(colleague, address=OFFICE)).status == 200


async def test_a_refused_attempt_counts_for_nothing(world: AuthWorld) -> None:
    person = await world.person()
    for n in range(PAIR_LIMIT * 4):
        await world.login(person, f"guess {n}", address=ATTACKER)
    assert await failures(world) == {"pair": PAIR_LIMIT, "address": PAIR_LIMIT, "account": PAIR_LIMIT}
    assert len(await world.audit("user.login")) == PAIR_LIMIT


async def test_the_right_password_among_parallel_guesses_is_found_no_sooner(world: AuthWorld) -> None:
    person = await world.person()
    for n in range(PAIR_LIMIT - 1):
        await world.login(person, f"guess {n}", address=ATTACKER)
    guesses = [f"wrong {n}" for n in range(20)] + [PASSWORD]
    answers = await asyncio.gather(*(world.login(person, guess, address=ATTACKER) for guess in guesses))
    assert [answer.status for answer in answers].count(401) == 1
    assert answers[-1].status == 429


async def test_who_sprays_guesses_over_all_accounts_is_stopped_and_colleagues_at_the_same_address_are_not(
    world: AuthWorld,
) -> None:
    colleague = await world.person()
    await world.sign_in(colleague, address=OFFICE)
    limit = ADDRESS_LIMIT + ADDRESS_LIMIT_PER_USER
    statuses = [
        (await world.login(Person(colleague.id, f"somebody{n}@ringi.example"), "guess", address=OFFICE)).status
        for n in range(limit + 3)
    ]
    assert statuses == [401] * limit + [429] * 3
    assert (await world.login(colleague, address=OFFICE)).status == 200
    stranger = await world.person()
    assert (await world.login(stranger, address=OFFICE)).status == 429
    assert (await world.login(stranger, address=ATTACKER)).status == 200


@pytest.mark.parametrize(("locale", "minutes"), [("ja", r"(\d+) 分後"), ("en", r"Try again in (\d+) minutes")])
async def test_who_waits_as_long_as_told_is_let_in(world: AuthWorld, locale: str, minutes: str) -> None:
    person = await world.person()
    for n in range(PAIR_LIMIT):
        await world.login(person, f"guess {n}", address=ATTACKER)
    language = {"accept-language": locale}
    body = {"email": person.email, "password": PASSWORD}
    refused = await ServiceClient(world.client.app, ATTACKER).post("/auth/login", body, headers=language)
    assert refused.status == 429
    seconds = int(refused.headers["retry-after"])
    assert refused.json["retryAfter"] == seconds
    told = re.search(minutes, refused.json["detail"])
    assert told is not None, refused.json
    assert 0 <= int(told[1]) * 60 - seconds < 60
    with clock.travel(timedelta(seconds=seconds - 2)):
        assert (await world.login(person, address=ATTACKER)).status == 429
    with clock.travel(timedelta(seconds=seconds)):
        assert (await world.login(person, address=ATTACKER)).status == 200


async def test_a_failed_sign_in_does_the_same_work_for_an_unknown_user(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await world.person()
    gone = await world.person()
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE users SET state = 'DELETED' WHERE id = %s", [gone.id])
    statements: list[str] = []
    hashes: list[str] = []
    run, matches = Reader._run, passwords._matches

    request = asyncio.current_task()

    async def noted_run(self: Reader, statement: Any, params: Any) -> Any:
        if asyncio.current_task() is request:
            statements.append(str(statement))
        return await run(self, statement, params)

    def noted_matches(stored: str, password: str) -> bool:
        hashes.append(stored.rpartition("$")[0].rpartition("$")[0])
        return matches(stored, password)

    async def work_of(who: Person) -> tuple[list[str], list[str]]:
        statements.clear()
        hashes.clear()
        assert (await world.login(who, "wrong password", address=ATTACKER)).json["code"] == "invalid_credentials"
        return list(statements), list(hashes)

    monkeypatch.setattr(Reader, "_run", noted_run)
    monkeypatch.setattr(passwords, "_matches", noted_matches)
    known = await work_of(person)
    assert known[1] == ["$argon2id$v=19$m=19456,t=2,p=1"]
    assert await work_of(Person(person.id, "nobody@ringi.example")) == known
    assert await work_of(gone) == known


async def test_the_throttle_knows_no_account_by_its_name(world: AuthWorld) -> None:
    await world.login(Person((await world.person()).id, "nobody@ringi.example"), "wrong password")
    async with world.client.kit.db.reader() as reader:
        rows = await reader.all("SELECT * FROM login_attempts")
    entries = await world.audit("user.login")
    assert len(rows) == 3
    assert "nobody" not in str(rows) + str(entries)


async def failures(world: AuthWorld) -> dict[str, int]:
    async with world.client.kit.db.reader() as reader:
        rows = await reader.all("SELECT scope, failures FROM login_attempts")
    return {row["scope"]: row["failures"] for row in rows}
