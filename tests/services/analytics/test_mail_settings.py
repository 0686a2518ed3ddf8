"""Somebody changes another's mail, ends more than they meant to, or an administrator's change leaves no trace."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.mail import failures, tokens
from services.analytics.mail.tokens import Unsubscribing
from services.analytics.settings import AnalyticsSettings
from services.contracts.states import NotificationType
from services.kit.running.context import ActorContext
from services.kit.running.keyring import Keyring
from tests.services.analytics.conftest import Consume, person
from tests.support.http import ServiceClient, TestIssuer, settings_for
from tests.support.keys import key_for

KEYS = Keyring(key_for("mail"))
ME = uuid4()
MAIL = {
    "timing": "DIGEST",
    "digestAt": "18:15",
    "businessDaysOnly": False,
    "whenAway": "SEND",
    "language": "en",
}


async def preferences(client: ServiceClient, issuer: TestIssuer) -> dict[str, Any]:
    answer = await client.get("/notifications/preferences", token=issuer.token(ME, ["rep"]))
    assert answer.status == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def mailed(found: dict[str, Any]) -> dict[str, bool]:
    return {item["type"]: item["mail"] for item in found["items"]}


async def test_what_is_chosen_is_kept_and_the_rest_follows_the_firm(client: ServiceClient, issuer: TestIssuer) -> None:
    before = await preferences(client, issuer)
    assert before["mailState"] == {"available": False, "failing": None}
    assert mailed(before)["APPROVAL_WAITING"]
    assert not mailed(before)["TASK_ASSIGNED"]
    chosen = {"items": [{"type": "APPROVAL_WAITING", "inApp": True, "mail": False}], "mail": MAIL}
    answer = await client.put("/notifications/preferences", chosen, token=issuer.token(ME, ["rep"]))
    assert answer.status == 200, answer.json
    assert answer.json["mail"] == MAIL

    firm = {"defaults": [{"type": "TASK_ASSIGNED", "mail": True}, {"type": "APPROVAL_WAITING", "mail": True}]}
    admin = issuer.token(uuid4(), ["admin"])
    assert (await client.put("/notifications/mail", firm, token=admin)).status == 200
    after = await preferences(client, issuer)
    assert mailed(after)["TASK_ASSIGNED"]
    assert not mailed(after)["APPROVAL_WAITING"]
    # An older client knows nothing of mail, and changes nothing of it.
    old = {"items": [{"type": "APPROVAL_WAITING", "inApp": False}]}
    answer = await client.put("/notifications/preferences", old, token=issuer.token(ME, ["rep"]))
    assert not mailed(answer.json)["APPROVAL_WAITING"]
    assert answer.json["mail"] == MAIL


@pytest.mark.parametrize(
    "value", ["24:00", "8:30", "08:30:00", "08:30Z", "\u0000", "０８:３０", 830, None, "x" * 10**6]
)
async def test_a_time_that_is_none_is_refused(client: ServiceClient, issuer: TestIssuer, value: object) -> None:
    body = {"items": [], "mail": MAIL | {"digestAt": value}}
    answer = await client.put("/notifications/preferences", body, token=issuer.token(ME, ["rep"]))
    assert answer.status in (413, 422)


async def test_an_administrators_change_leaves_what_was_before(client: ServiceClient, issuer: TestIssuer) -> None:
    admin = issuer.token(uuid4(), ["admin"])
    body = {"defaults": [{"type": "TASK_OVERDUE", "mail": True}, {"type": "APPROVAL_DUE", "mail": True}]}
    for _ in range(2):  # the second changes nothing, and says nothing
        assert (await client.put("/notifications/mail", body, token=admin)).status == 200
    async with client.kit.db.reader() as reader:
        (entry,) = await reader.all("SELECT * FROM audit_entries WHERE action = 'mail.defaults_changed'")
    assert entry["detail"]["changes"] == {"TASK_OVERDUE": {"from": False, "to": True}}


async def test_an_address_that_failed_is_shown_and_tried_again_on_request(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    await consume([person("rep", user_id=ME, name="田中 一郎")])
    async with client.kit.db.transaction(ActorContext.system()) as uow:
        await failures.remember(uow, ME, b"hash", "550 5.1.1 user unknown")
    assert (await preferences(client, issuer))["mailState"]["failing"]["reason"] == "550 5.1.1 user unknown"
    admin = issuer.token(uuid4(), ["admin"])
    (listed,) = (await client.get("/notifications/mail", token=admin)).json["failing"]
    assert (listed["name"], listed["userId"]) == ("田中 一郎", str(ME))
    assert (await client.delete(f"/notifications/mail/failing/{ME}", token=admin)).status == 204
    assert (await client.delete(f"/notifications/mail/failing/{ME}", token=admin)).status == 404
    assert (await preferences(client, issuer))["mailState"]["failing"] is None


async def test_the_link_of_a_mail_ends_its_kind_alone_and_asks_for_no_sign_in(
    client: ServiceClient, issuer: TestIssuer
) -> None:
    before = mailed(await preferences(client, issuer))
    token = Unsubscribing(ME, NotificationType.APPROVAL_DUE).token(KEYS)
    assert (await client.get(f"/notifications/unsubscribe?token={token}")).status == 303
    assert mailed(await preferences(client, issuer)) == before, "a look changes nothing"
    for _ in range(2):
        assert (await client.post(f"/notifications/unsubscribe?token={token}")).status == 204
    after = await preferences(client, issuer)
    assert mailed(after) == before | {"APPROVAL_DUE": False}
    assert {item["type"]: item["inApp"] for item in after["items"]}["APPROVAL_DUE"]
    assert after["mail"]["timing"] == "IMMEDIATE"


async def test_the_link_of_a_digest_ends_all_mail(client: ServiceClient, issuer: TestIssuer) -> None:
    token = Unsubscribing(ME, None).token(KEYS)
    assert (await client.post(f"/notifications/unsubscribe?token={token}")).status == 204
    assert (await preferences(client, issuer))["mail"]["timing"] == "OFF"


async def test_a_link_that_we_did_not_make_ends_nothing(client: ServiceClient, issuer: TestIssuer) -> None:
    other = Unsubscribing(ME, None).token(Keyring("another-secret-key-of-forty-characters!!"))
    good = Unsubscribing(ME, None).token(KEYS)
    for token in (other, good[:-4], good + "AAAA", "A" * 200, "%00", "é", "é".encode().hex()):
        answer = await client.post(f"/notifications/unsubscribe?token={token}")
        assert answer.status in (404, 422), token
    assert (await preferences(client, issuer))["mail"]["timing"] == "IMMEDIATE"


@given(st.uuids(), st.none() | st.sampled_from(NotificationType), st.integers(0, 60), st.integers(0, 7))
def test_a_token_opens_as_it_was_made_and_not_otherwise(
    user_id: Any, kind: NotificationType | None, at: int, bit: int
) -> None:
    whose = Unsubscribing(user_id, kind)
    token = whose.token(KEYS)
    assert Unsubscribing.of(token, KEYS) == whose
    changed = bytearray(token.encode())
    changed[at % len(changed)] ^= 1 << bit
    assert Unsubscribing.of(changed.decode("latin-1"), KEYS) in (None, whose)


@given(st.uuids())
def test_a_return_path_leads_back_to_its_mail(mail_id: Any) -> None:
    path = tokens.return_path("bounces@firm.example", mail_id, KEYS)
    assert len(path.partition("@")[0]) <= 64
    assert tokens.bounced_mail(path, KEYS) == mail_id
    assert tokens.bounced_mail(path.upper(), KEYS) == mail_id
    assert tokens.bounced_mail(path.replace("@", "0@"), KEYS) is None
    assert tokens.bounced_mail("bounces@firm.example", KEYS) is None


@pytest.mark.parametrize(
    "values",
    [
        {"mail_from": None},
        {"public_url": None},
        {"mail_from": "nobody"},
        {"mail_bounces_to": "x y"},
        {"mail_tls": "none", "mail_username": "ringi"},
        {"mail_timeout_seconds": 0},
    ],
)
def test_half_a_mail_server_is_refused_at_the_start(values: dict[str, Any]) -> None:
    given = settings_for("analytics", "postgresql:///").model_dump()
    whole = {"mail_host": "mail.firm.example", "mail_from": "ringi@firm.example", "public_url": "https://x.example"}
    AnalyticsSettings(**given | whole)
    with pytest.raises(ValueError, match=r"."):
        AnalyticsSettings(**given | whole | values)
