"""Signing in: who gets in, who is kept out, and that a victim of guessing is not locked out."""

from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher

from services.auth.service.throttle import PAIR_LIMIT
from services.contracts.permissions import Role
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.auth.conftest import PASSWORD, AuthWorld, Person
from tests.support.http import StartService, new_key

ATTACKER = "203.0.113.7"


async def test_signing_in_brings_tokens_with_which_the_api_answers(world: AuthWorld) -> None:
    person = await world.person(Role.MANAGER)
    answer = await world.login(person)
    assert answer.status == 200
    assert answer.json["tokenType"] == "Bearer"
    assert answer.json["expiresIn"] == 900
    assert answer.json["user"]["id"] == str(person.id)
    me = await world.client.get("/auth/me", token=answer.json["accessToken"])
    assert me.json["roles"] == ["manager"]
    assert "approval:decide" in me.json["permissions"]
    assert await world.events(person) == ["user.created", "user.login"]


@pytest.mark.parametrize("spelling", ["USER1@ringi.example", "  user1@RINGI.example ", "ｕｓｅｒ１@ringi.example"])
async def test_the_address_may_be_spelled_in_any_case_and_width(world: AuthWorld, spelling: str) -> None:
    person = await world.person()
    assert (await world.login(Person(person.id, spelling))).status == 200


async def test_a_wrong_password_and_an_unknown_user_look_the_same(world: AuthWorld) -> None:
    person = await world.person()
    wrong = await world.login(person, "wrong password")
    unknown = await world.login(Person(person.id, "nobody@ringi.example"), "wrong password")
    assert wrong.status == unknown.status == 401
    assert wrong.json["code"] == unknown.json["code"] == "invalid_credentials"
    assert wrong.json["title"] == unknown.json["title"]


async def test_a_failed_sign_in_is_in_the_audit(world: AuthWorld) -> None:
    person = await world.person()
    await world.login(person, "wrong password")
    await world.login(person)
    assert [entry["outcome"] for entry in await world.audit("user.login")] == ["DENIED", "SUCCESS"]


async def test_a_suspended_user_learns_so_only_with_the_right_password(world: AuthWorld, admin: Person) -> None:
    person = await world.person()
    await world.client.put(
        f"/auth/users/{person.id}", {"name": "x", "state": "SUSPENDED"}, token=admin.token, if_match=1
    )
    assert (await world.login(person, "wrong password")).json["code"] == "invalid_credentials"
    refused = await world.login(person)
    assert (refused.status, refused.json["code"]) == (403, "account_suspended")


async def test_weaker_hashes_are_renewed_at_the_next_sign_in(world: AuthWorld) -> None:
    person = await world.person()
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE users SET password_hash = %s WHERE id = %s", [weak, person.id])
    assert (await world.login(person)).status == 200
    stored = (await world.user(person))["password_hash"]
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await world.login(person)).status == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "string_too_short"),
        ("x" * 129, "string_too_long"),
        ("password123", "password_common"),
        ("charlie123", "password_common"),
        ("１ｑａｚ２ｗｓｘ", "password_common"),
        ("TinkerBell", "password_common"),
        ("himitsu1", "password_common"),
        ("aaaaaaaaaaaa", "password_common"),
        ("hanako.sato rules", "password_personal"),
        ("SatoHanako2026", "password_personal"),
    ],
)
async def test_passwords_that_are_guessed_first_are_refused(
    world: AuthWorld, admin: Person, password: str, code: str
) -> None:
    new = {"email": "hanako.sato@ringi.example", "name": "Sato Hanako", "password": password, "roles": ["rep"]}
    answer = await world.client.post("/auth/users", new, token=admin.token, key=new_key())
    assert answer.status == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("/password", code)]


async def test_with_a_second_factor_the_password_is_not_enough(world: AuthWorld) -> None:
    person = await world.signed_in()
    secret = await enrol(world, person)
    needed = await world.login(person)
    assert (needed.status, needed.json["code"]) == (401, "totp_required")
    with clock.travel(timedelta(minutes=1)):
        wrong = await world.login(person, totp="000000")
        assert wrong.json["code"] == "totp_invalid"
        assert (await world.login(person, totp=code_now(secret))).status == 200


async def test_the_second_step_needs_no_password_but_a_challenge_of_the_first(world: AuthWorld) -> None:
    person = await world.signed_in()
    secret = await enrol(world, person)
    with clock.travel(timedelta(minutes=1)):
        challenge = (await world.login(person)).json["challenge"]
        assert PASSWORD not in challenge
        wrong = await world.client.post("/auth/login/code", {"challenge": challenge, "totp": "000000"})
        assert (wrong.status, wrong.json["code"]) == (401, "totp_invalid")
        forged = challenge[:-6] + ("A" * 6 if not challenge.endswith("A" * 6) else "B" * 6)
        for broken in (forged, "x", "é"):
            refused = await world.client.post("/auth/login/code", {"challenge": broken, "totp": code_now(secret)})
            assert (refused.status, refused.json["code"]) == (401, "challenge_invalid")
        signed_in = await world.client.post("/auth/login/code", {"challenge": challenge, "totp": code_now(secret)})
        assert signed_in.json["user"]["id"] == str(person.id)
        again = await world.client.post("/auth/login/code", {"challenge": challenge, "totp": code_now(secret)})
        assert again.json["code"] == "totp_invalid", "the code is spent"


async def test_a_challenge_is_good_for_minutes_and_for_few_guesses(world: AuthWorld) -> None:
    person = await world.signed_in()
    secret = await enrol(world, person)
    challenge = (await world.login(person)).json["challenge"]
    with clock.travel(timedelta(minutes=4)):
        late = await world.client.post("/auth/login/code", {"challenge": challenge, "totp": code_now(secret)})
        assert late.json["code"] == "challenge_invalid"
        fresh = (await world.login(person)).json["challenge"]
        answers = [
            (await world.client.post("/auth/login/code", {"challenge": fresh, "totp": "000000"})).json["code"]
            for _ in range(PAIR_LIMIT + 1)
        ]
        assert answers == ["totp_invalid"] * PAIR_LIMIT + ["login_throttled"]


FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


async def test_a_code_typed_in_full_width_is_the_same_code(world: AuthWorld) -> None:
    """As a Japanese input method leaves it."""
    person = await world.signed_in()
    secret = await enrol(world, person)
    with clock.travel(timedelta(minutes=1)):
        assert (await world.login(person, totp="０００　０００")).json["code"] == "totp_invalid"
        assert (await world.login(person, totp=code_now(secret).translate(FULL_WIDTH))).status == 200


@pytest.mark.parametrize("code", ["²²²²²²", "٠١٢٣٤٥", "あいうえおか", "000００é"])
async def test_a_code_of_other_signs_is_a_wrong_one(world: AuthWorld, code: str) -> None:
    person, enrolling = await world.signed_in(), await world.signed_in()
    await enrol(world, person)
    assert (await world.login(person, totp=code)).json["code"] == "totp_invalid"
    await world.client.post("/auth/totp/enrol", token=enrolling.token, key=new_key())
    verified = await world.client.post("/auth/totp/verify", {"code": code}, token=enrolling.token)
    assert (verified.status, verified.json["code"]) == (401, "totp_invalid")


async def test_a_code_counts_once(world: AuthWorld) -> None:
    person = await world.signed_in()
    secret = await enrol(world, person)
    with clock.travel(timedelta(minutes=1)):
        code = code_now(secret)
        assert (await world.login(person, totp=code)).status == 200
        assert (await world.login(person, totp=code)).json["code"] == "totp_invalid"


async def test_a_recovery_code_counts_once(world: AuthWorld) -> None:
    person = await world.signed_in()
    await enrol(world, person)
    code = RECOVERY[person.email][0]
    spelled = f"{code[:4]}-{code[4:8]}-{code[8:]}".lower()
    assert (await world.login(person, totp=spelled)).status == 200
    assert (await world.login(person, totp=code)).json["code"] == "totp_invalid"


async def test_totp_secrets_and_recovery_codes_are_not_readable_in_the_database(world: AuthWorld) -> None:
    person = await world.signed_in()
    secret = await enrol(world, person)
    user = await world.user(person)
    assert secret.encode() not in user["totp_secret"]
    async with world.client.kit.db.reader() as reader:
        rows = await reader.all("SELECT code_hash FROM recovery_codes")
    assert not any(code.encode() in row["code_hash"] for row in rows for code in RECOVERY[person.email])


async def test_roles_that_require_a_second_factor_have_no_rights_until_it_is_set_up(
    service_client: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGI_TOTP_REQUIRED_ROLES", "admin")
    client = await service_client("auth")
    world = AuthWorld(client)
    person = await world.person(Role.ADMIN)
    answer = await world.login(person)
    assert answer.json["totpEnrolmentRequired"] is True
    person.token, person.refresh_token = answer.json["accessToken"], answer.json["refreshToken"]
    assert (await client.get("/auth/users", token=person.token)).status == 403
    await enrol(world, person)
    refreshed = await client.post("/auth/refresh", {"refreshToken": person.refresh_token})
    assert (await client.get("/auth/users", token=refreshed.json["accessToken"])).status == 200


@pytest.mark.parametrize("route", ["disable", "recovery-codes"])
async def test_a_stolen_session_does_not_find_the_code_by_trying(world: AuthWorld, route: str) -> None:
    person = await world.signed_in()
    secret = await enrol(world, person)
    path = f"/auth/totp/{route}"
    guesses = [await world.client.post(path, {"code": "000000"}, token=person.token) for _ in range(PAIR_LIMIT)]
    assert {(guess.status, guess.json["code"]) for guess in guesses} == {(401, "totp_invalid")}
    right = await world.client.post(path, {"code": code_now(secret)}, token=person.token)
    assert (right.status, right.json["code"]) == (429, "login_throttled")
    assert int(right.headers["retry-after"]) > 0
    assert (await world.user(person))["totp_confirmed_at"] is not None


async def test_the_first_code_of_a_new_factor_is_not_found_by_trying(world: AuthWorld) -> None:
    person = await world.signed_in()
    secret = (await world.client.post("/auth/totp/enrol", token=person.token, key=new_key())).json["secret"]
    for _ in range(PAIR_LIMIT):
        guess = await world.client.post("/auth/totp/verify", {"code": "000000"}, token=person.token)
        assert (guess.status, guess.json["code"]) == (401, "totp_invalid")
    right = await world.client.post("/auth/totp/verify", {"code": code_now(secret)}, token=person.token)
    assert (right.status, right.json["code"]) == (429, "login_throttled")


RECOVERY: dict[str, list[str]] = {}


async def enrol(world: AuthWorld, person: Person) -> str:
    enrolment = await world.client.post("/auth/totp/enrol", token=person.token, key=new_key())
    secret: str = enrolment.json["secret"]
    verified = await world.client.post("/auth/totp/verify", {"code": code_now(secret)}, token=person.token)
    assert verified.status == 200, verified.json
    RECOVERY[person.email] = verified.json["recoveryCodes"]
    return secret


def code_now(secret: str) -> str:
    return str(pyotp.TOTP(secret).at(clock.now()))


async def test_an_expired_token_that_is_sent_along_does_not_keep_anybody_out(world: AuthWorld) -> None:
    person = await world.person()
    body = {"email": person.email, "password": PASSWORD}
    assert (await world.client.post("/auth/login", body, token="expired.or.broken")).status == 200
