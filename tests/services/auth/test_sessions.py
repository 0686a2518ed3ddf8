"""Sessions: rotation, theft, absolute ends, and that an end is felt everywhere within seconds."""

import asyncio
from datetime import timedelta
from uuid import UUID

import jwt
import pytest

from services.auth.cleanup import clean_up
from services.auth.settings import ROTATION_GRACE, SESSION_LIFETIME
from services.contracts.permissions import Role
from services.kit.errors import Unauthorized
from services.kit.http.app import remote_trust
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.trust.internal import InternalTokens
from services.kit.trust.revocation import RevocationBatch
from tests.services.auth.conftest import PASSWORD, AuthWorld, Person, rotate_signing_key
from tests.support.http import Answer

PAST_GRACE = ROTATION_GRACE + timedelta(seconds=1)


async def refresh(world: AuthWorld, token: str) -> Answer:
    return await world.client.post("/auth/refresh", {"refreshToken": token})


async def test_a_refresh_brings_the_next_pair(world: AuthWorld) -> None:
    person = await world.signed_in()
    answer = await refresh(world, person.refresh_token)
    assert answer.status == 200
    assert answer.json["refreshToken"] != person.refresh_token
    assert (await world.client.get("/auth/me", token=answer.json["accessToken"])).status == 200


async def test_two_tabs_that_refresh_at_once_both_go_on(world: AuthWorld) -> None:
    person = await world.signed_in()
    answers = await asyncio.gather(*(refresh(world, person.refresh_token) for _ in range(5)))
    assert [a.status for a in answers] == [200] * 5
    follow_ups = [await refresh(world, a.json["refreshToken"]) for a in answers[:2]]
    assert [a.status for a in follow_ups] == [200, 200]


async def test_a_stolen_token_that_comes_back_ends_the_family(world: AuthWorld) -> None:
    person = await world.signed_in()
    second = (await refresh(world, person.refresh_token)).json
    with clock.travel(PAST_GRACE):
        reused = await refresh(world, person.refresh_token)
        assert (reused.status, reused.json["code"]) == (401, "refresh_token_reused")
        assert (await refresh(world, second["refreshToken"])).status == 401
        assert (await world.client.get("/auth/me", token=second["accessToken"])).status == 401
    assert (await world.audit("session.ended"))[0]["outcome"] == "DENIED"


async def test_the_grace_is_for_the_immediate_predecessor_only(world: AuthWorld) -> None:
    person = await world.signed_in()
    second = (await refresh(world, person.refresh_token)).json
    await refresh(world, second["refreshToken"])
    assert (await refresh(world, person.refresh_token)).json["code"] == "refresh_token_reused"


async def test_tabs_that_raced_go_on_side_by_side_and_a_thief_of_either_is_found(world: AuthWorld) -> None:
    person = await world.signed_in()
    raced = await asyncio.gather(*(refresh(world, person.refresh_token) for _ in range(3)))
    tabs = [answer.json["refreshToken"] for answer in raced]
    for hour in range(1, 4):
        with clock.travel(timedelta(hours=hour)):
            answers = await asyncio.gather(*(refresh(world, tab) for tab in tabs))
            assert [answer.status for answer in answers] == [200] * len(tabs)
            stolen, tabs = tabs[0], [answer.json["refreshToken"] for answer in answers]
    with clock.travel(timedelta(hours=4)):
        assert (await refresh(world, stolen)).json["code"] == "refresh_token_reused"
        assert [(await refresh(world, tab)).status for tab in tabs] == [401] * len(tabs)


async def test_an_answer_that_got_lost_can_be_asked_for_again_and_the_lost_token_harms_nobody(world: AuthWorld) -> None:
    person = await world.signed_in()
    await refresh(world, person.refresh_token)
    with clock.travel(timedelta(seconds=40)):
        again = await refresh(world, person.refresh_token)
        assert again.status == 200
    with clock.travel(timedelta(hours=1)):
        assert (await refresh(world, again.json["refreshToken"])).status == 200


async def test_a_session_ends_absolutely_however_often_it_is_refreshed(world: AuthWorld) -> None:
    person = await world.signed_in()
    token = person.refresh_token
    for day in range(1, SESSION_LIFETIME.days):
        with clock.travel(timedelta(days=day)):
            answer = await refresh(world, token)
            assert answer.status == 200
            token = answer.json["refreshToken"]
    with clock.travel(SESSION_LIFETIME + timedelta(minutes=1)):
        assert (await refresh(world, token)).status == 401


async def test_a_session_that_nobody_uses_ends(world: AuthWorld) -> None:
    person = await world.signed_in()
    with clock.travel(timedelta(days=3, minutes=1)):
        assert (await refresh(world, person.refresh_token)).status == 401


async def test_refresh_tokens_are_stored_as_hashes_only(world: AuthWorld) -> None:
    person = await world.signed_in()
    async with world.client.kit.db.reader() as reader:
        rows = await reader.all("SELECT token_hash FROM refresh_tokens")
    assert all(person.refresh_token.encode() not in row["token_hash"] for row in rows)


async def test_a_refresh_token_is_no_access_token_and_the_other_way_round(world: AuthWorld) -> None:
    person = await world.signed_in()
    assert (await world.client.get("/auth/me", token=person.refresh_token)).status == 401
    crossed = await world.client.post("/auth/refresh", {"refreshToken": person.token[:200]})
    assert crossed.status == 401


async def test_signing_out_ends_the_session_at_once(world: AuthWorld) -> None:
    person = await world.signed_in()
    assert (await world.client.post("/auth/logout", token=person.token)).status == 204
    assert (await world.client.get("/auth/me", token=person.token)).status == 401
    assert (await refresh(world, person.refresh_token)).status == 401
    assert (await world.events(person))[-1] == "user.logout"


async def test_every_other_service_sees_the_end_at_its_next_poll(world: AuthWorld) -> None:
    person = await world.signed_in()
    await world.client.post("/auth/logout", token=person.token)
    internal = InternalTokens(world.client.kit.settings, "customer").token("auth")
    answer = await world.client.get("/internal/revocations", token=internal)
    batch = RevocationBatch.model_validate(answer.json)
    session = UUID(jwt.decode(person.token, options={"verify_signature": False})["sid"])
    assert [entry.session_id for entry in batch.entries] == [session]
    since = {"since": (clock.now() + timedelta(seconds=5)).isoformat()}
    later = await world.client.get("/internal/revocations", token=internal, params=since)
    assert later.json["entries"] == []


async def test_internal_routes_refuse_users(world: AuthWorld, admin: Person) -> None:
    for path in ("/internal/revocations", f"/internal/users?ids={admin.id}"):
        assert (await world.client.get(path, token=admin.token)).status == 401
        assert (await world.client.get(path)).status == 401


async def test_suspension_ends_all_sessions_at_once(world: AuthWorld, admin: Person) -> None:
    person = await world.signed_in()
    other = await world.sign_in(Person(person.id, person.email))
    change = {"name": "山田 太郎", "state": "SUSPENDED"}
    changed = await world.client.put(f"/auth/users/{person.id}", change, token=admin.token, if_match=1)
    assert changed.status == 200
    for token in (person.token, other.token):
        assert (await world.client.get("/auth/me", token=token)).status == 401
    assert (await refresh(world, person.refresh_token)).status == 401


async def test_changed_roles_count_from_the_next_request_on(world: AuthWorld, admin: Person) -> None:
    person = await world.signed_in(Role.MANAGER)
    change = {"name": "山田 太郎", "roles": ["rep"]}
    await world.client.put(f"/auth/users/{person.id}", change, token=admin.token, if_match=1)
    assert (await world.client.get("/auth/me", token=person.token)).status == 401
    refreshed = await refresh(world, person.refresh_token)
    me = await world.client.get("/auth/me", token=refreshed.json["accessToken"])
    assert me.json["roles"] == ["rep"]
    assert "approval:decide" not in me.json["permissions"]


MINUTES_APART = timedelta(minutes=4)


@pytest.mark.parametrize("ahead", [MINUTES_APART, -MINUTES_APART], ids=["issuer ahead", "issuer behind"])
async def test_changed_roles_count_at_once_though_the_clocks_of_replicas_are_minutes_apart(
    world: AuthWorld, admin: Person, ahead: timedelta
) -> None:
    """One replica signs people in, another changes their roles, and each verifies what the other has issued."""
    with clock.travel(ahead):
        person = await world.signed_in(Role.MANAGER)
    assert (await world.client.get("/auth/me", token=person.token)).status == 200
    change = {"name": "山田 太郎", "roles": ["rep"]}
    await world.client.put(f"/auth/users/{person.id}", change, token=admin.token, if_match=1)
    assert (await world.client.get("/auth/me", token=person.token)).status == 401
    with clock.travel(ahead):
        refreshed = (await refresh(world, person.refresh_token)).json
        assert (await world.client.get("/auth/me", token=refreshed["accessToken"])).json["roles"] == ["rep"]
    assert (await world.client.get("/auth/me", token=refreshed["accessToken"])).json["roles"] == ["rep"]
    await world.client.put(f"/auth/users/{person.id}", change | {"roles": ["auditor"]}, token=admin.token, if_match=2)
    assert (await world.client.get("/auth/me", token=refreshed["accessToken"])).status == 401


@pytest.mark.parametrize("ahead", [MINUTES_APART, -MINUTES_APART], ids=["ahead", "behind"])
async def test_a_session_that_a_replica_with_another_clock_ended_is_told_at_the_next_poll(
    world: AuthWorld, ahead: timedelta
) -> None:
    person = await world.signed_in()
    internal = InternalTokens(world.client.kit.settings, "customer").token("auth")
    first = (await world.client.get("/internal/revocations", token=internal)).json
    with clock.travel(ahead):
        await world.client.post("/auth/logout", token=person.token)
    since = {"since": first["asOf"]}
    assert len((await world.client.get("/internal/revocations", token=internal, params=since)).json["entries"]) == 1


async def test_changing_the_password_ends_all_other_sessions(world: AuthWorld) -> None:
    person = await world.signed_in()
    other = await world.sign_in(Person(person.id, person.email))
    wrong = {"currentPassword": "not this one", "newPassword": "a quite different phrase"}
    assert (await world.client.post("/auth/password", wrong, token=person.token)).status == 401
    right = wrong | {"currentPassword": PASSWORD}
    assert (await world.client.post("/auth/password", right, token=person.token)).status == 204
    assert (await world.client.get("/auth/me", token=person.token)).status == 200
    assert (await world.client.get("/auth/me", token=other.token)).status == 401
    assert (await world.login(person, "a quite different phrase")).status == 200


async def test_a_hijacked_session_can_not_guess_the_password(world: AuthWorld) -> None:
    person = await world.signed_in()
    body = {"currentPassword": "guess", "newPassword": "a quite different phrase"}
    statuses = [(await world.client.post("/auth/password", body, token=person.token)).status for _ in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_a_reset_link_counts_once_and_ends_all_sessions(world: AuthWorld, admin: Person) -> None:
    person = await world.signed_in()
    path = f"/auth/users/{person.id}/password-reset"
    replaced = (await world.client.post(path, token=admin.token)).json["token"]
    link = (await world.client.post(path, token=admin.token)).json["token"]
    use = {"newPassword": "a quite different phrase"}
    assert (await world.client.post("/auth/password/reset", use | {"token": replaced})).status == 404
    assert (await world.client.post("/auth/password/reset", use | {"token": link})).status == 204
    assert (await world.client.post("/auth/password/reset", use | {"token": link})).status == 404
    assert (await world.client.get("/auth/me", token=person.token)).status == 401
    assert (await world.login(person, "a quite different phrase")).status == 200


async def test_a_reset_link_is_over_after_an_hour(world: AuthWorld, admin: Person) -> None:
    person = await world.person()
    link = (await world.client.post(f"/auth/users/{person.id}/password-reset", token=admin.token)).json["token"]
    with clock.travel(timedelta(hours=1, seconds=1)):
        use = {"token": link, "newPassword": "a quite different phrase"}
        assert (await world.client.post("/auth/password/reset", use)).status == 404


async def test_people_see_and_end_their_own_sessions_only(world: AuthWorld, admin: Person) -> None:
    person = await world.signed_in()
    other = await world.sign_in(Person(person.id, person.email))
    stranger = await world.signed_in()
    sessions = (await world.client.get("/auth/sessions", token=person.token)).json["items"]
    assert [s["current"] for s in sessions].count(True) == 1
    elsewhere = next(s["id"] for s in sessions if not s["current"])
    assert (await world.client.delete(f"/auth/sessions/{elsewhere}", token=stranger.token)).status == 404
    assert (await world.client.get(f"/auth/sessions?userId={person.id}", token=stranger.token)).status == 403
    assert (await world.client.get(f"/auth/sessions?userId={person.id}", token=admin.token)).status == 200
    assert (await world.client.delete(f"/auth/sessions/{elsewhere}", token=person.token)).status == 204
    assert (await world.client.get("/auth/me", token=other.token)).status == 401


async def test_signing_keys_change_without_anybody_noticing(world: AuthWorld) -> None:
    kit = world.client.kit
    before = await world.signed_in()
    new_kid = await rotate_signing_key(kit.settings, kit.db)
    world.client.app.state.auth.keys._loaded_at = None
    after = await world.signed_in()
    assert jwt.get_unverified_header(after.token)["kid"] == new_kid
    for token in (before.token, after.token):
        assert (await world.client.get("/auth/me", token=token)).status == 200
    document = (await world.client.get("/auth/.well-known/jwks.json")).json
    assert len(document["keys"]) == 2
    assert all("d" not in key for key in document["keys"])


async def test_another_service_verifies_tokens_by_asking_auth(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = world.client.kit
    person = await world.signed_in()

    async def ask(_service: str, path: str, params: dict[str, str] | None = None) -> object:
        answer = await world.client.get(
            path, params=params, token=InternalTokens(kit.settings, "customer").token("auth")
        )
        return answer.json

    monkeypatch.setattr(kit.internal, "get", ask)
    trust = remote_trust(kit.internal)
    await trust.revocations.poll()
    principal = await kit.verifier.verify(person.token)
    key = await trust.keys.key(jwt.get_unverified_header(person.token)["kid"])
    assert key is not None
    trust.revocations.check(principal)
    await world.client.post("/auth/logout", token=person.token)
    await trust.revocations.poll()
    with pytest.raises(Unauthorized):
        trust.revocations.check(principal)


async def test_the_private_key_is_sealed_in_the_database(world: AuthWorld) -> None:
    await world.signed_in()
    _, private = world.client.app.state.auth.keys._active
    async with world.client.kit.db.reader() as reader:
        sealed = await reader.scalar("SELECT sealed_private_key FROM signing_keys")
    assert private.private_bytes_raw() not in sealed


async def test_tidying_up_keeps_what_still_counts(world: AuthWorld) -> None:
    person = await world.signed_in()
    await clean_up(world.client.kit.db)
    assert (await refresh(world, person.refresh_token)).status == 200
    with clock.travel(SESSION_LIFETIME + timedelta(days=2)):
        await clean_up(world.client.kit.db)
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        assert await uow.scalar("SELECT count(*) FROM sessions") == 0
