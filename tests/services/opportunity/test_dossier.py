"""The dossier: complete, signed, and nothing of it can be changed without being found."""

import copy
import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.running.keyring import Keyring
from services.opportunity import chain, dossier
from services.opportunity.dossier_check import NotADossierError, Pin, check, pins_of
from services.opportunity.service import evidence_keys
from tests.services.opportunity.dossiers import changed, eventful_request, leaves, pointer, take, written
from tests.services.opportunity.world import World

_MADE = "approval.dossier"


async def test_a_dossier_tells_everything_and_verifies_and_its_making_is_audited(live: World) -> None:
    request, rep = await eventful_request(live)
    auditor = await live.person("auditor", name="監査 五郎")
    answer = await take(live, auditor, request)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-disposition"] == f'attachment; filename="{request["number"]}.json"'
    keys = await live.client.get("/approvals/evidence-keys", token=auditor.token)
    report = check(answer.body, pins_of(keys.body))
    assert (report.problems, report.pinned) == ([], True)
    record = answer.json["record"]
    told = record["request"]
    assert (told["number"], told["amount"], told["state"], told["revision"]) == (
        *(request["number"], 300_000, "APPROVED", 2),
    )
    actions = [entry["facts"]["action"] for entry in record["history"]]
    assert actions == ["SUBMIT", "RETURN", "RESUBMIT", "APPROVE", "REASSIGN", "APPROVE"]
    assert [vote["decision"] for vote in record["votes"]] == ["RETURN", "APPROVE", "APPROVE"]
    assert [comment["body"] for comment in record["comments"]] == ["資料はこちらです"]
    [proxy] = record["proxies"]
    assert record["people"][proxy["toId"]] == "代理 三郎"
    assert record["history"][3]["facts"]["onBehalfOfId"] == proxy["fromId"]
    assert told["stages"][0]["escalateTo"] in record["people"]
    assert (answer.json["made"]["forId"], answer.json["made"]["forName"]) == (str(auditor.id), "監査 五郎")
    [audited] = await live.rows("SELECT actor_id, resource_id, detail FROM audit_entries WHERE action = %s", [_MADE])
    assert (audited["actor_id"], str(audited["resource_id"])) == (auditor.id, request["id"])
    assert audited["detail"] == {
        "number": request["number"],
        "recordSha256": hashlib.sha256(chain.canonical(record)).hexdigest(),
        "keyFingerprint": keys.json["keys"][0]["fingerprint"],
    }
    again = await take(live, rep, request)
    assert again.json["recordSha256"] == answer.json["recordSha256"], "the same for everybody while nothing changes"


async def test_whatever_value_is_changed_is_named(live: World) -> None:
    request, rep = await eventful_request(live)
    document = (await take(live, rep, request)).json
    ways = list(leaves(document))
    assert len(ways) > 400
    for way in ways:
        bad, place = written(changed(document, way)), pointer(way)
        if way in (("schema",), ("version",)):
            with pytest.raises(NotADossierError):
                check(bad)
            continue
        # A digest and its value differ; which of the two was changed only the signature knows.
        place = way[1] if way[0] == "digests" else place
        named = [problem.pointer for problem in check(bad).problems]
        assert any(place == found or place.startswith(f"{found}/") for found in named), (place, named)


async def test_entries_that_are_dropped_added_or_moved_are_found_though_everything_is_signed_anew(live: World) -> None:
    """By whoever has the key: hashes and the rules tell it without the signature."""
    request, rep = await eventful_request(live)
    document = (await take(live, rep, request)).json
    thief = dossier.Signer("evidence-20260101-00000000", Ed25519PrivateKey.generate())

    def forged(change: Any) -> list[str]:
        record = copy.deepcopy(document["record"])
        change(record)
        again = dossier.sign(record, document["made"], thief)
        return [problem.pointer for problem in check(written(again)).problems]

    assert forged(lambda _: None) == []
    assert "/record/history/2/facts/sequence" in forged(lambda record: record["history"].pop(2))
    assert "/record/request/historyHead" in forged(lambda record: record["history"].pop())
    assert "/record/history/6/facts/sequence" in forged(lambda record: record["history"].append(record["history"][5]))
    swapped = forged(lambda record: record["history"].insert(1, record["history"].pop(2)))
    assert "/record/history/1/previousHash" in swapped
    assert "/record/votes/1" in forged(lambda record: record["history"][3]["facts"].update(action="HOLD"))
    assert "/record/history/3/facts" in forged(lambda record: record["votes"].pop(1))
    assert "/record/history/3/facts/onBehalfOfId" in forged(lambda record: record["proxies"].clear())
    assert "/record/request/state" in forged(lambda record: record["request"].update(state="REJECTED"))
    assert "/record/request/decidedById" in forged(lambda record: record["request"].update(decidedById=str(new_id())))
    assert "/record/request/revision" in forged(lambda record: record["request"].update(revision=1))
    assert "/record/history/3/personal" in forged(lambda record: record["history"][3]["personal"].update(comment="否"))
    for name, other in (("amount", 1), ("kind", "OTHER"), ("fields", {"feeRateAfter": "0"})):
        assert f"/record/request/{name}" in forged(lambda record, told={name: other}: record["request"].update(told))


@pytest.mark.parametrize("version", [1, 2])
async def test_a_dossier_of_an_earlier_version_goes_on_being_verified(
    live: World, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    request, rep = await eventful_request(live)
    document = (await take(live, rep, request)).json
    if version == 1:
        del document["record"]["request"]["fields"]
    signer = dossier.Signer("evidence-20260101-00000000", Ed25519PrivateKey.generate())
    monkeypatch.setattr(dossier, "SCHEMA_VERSION", version)
    older = dossier.sign(document["record"], document["made"], signer)
    assert (older["version"], check(written(older)).problems) == (version, [])
    found = {problem.pointer for problem in check(written(older | {"version": 3})).problems}
    assert found >= {"/version", "/signature/value"}


async def test_another_key_is_found_out_only_by_who_knows_the_right_one(live: World) -> None:
    request, rep = await eventful_request(live)
    answer = await take(live, rep, request)
    right = Pin(answer.json["signature"]["fingerprint"])
    thief = dossier.Signer("evidence-20260101-00000000", Ed25519PrivateKey.generate())
    forged = written(dossier.sign(answer.json["record"], answer.json["made"], thief))
    unpinned = check(forged)
    assert (unpinned.verified, unpinned.pinned) == (True, False)
    assert [problem.pointer for problem in check(forged, [right]).problems] == ["/signature/publicKey"]
    assert check(answer.body, [right]).verified
    # The right key beside the thief's signature.
    relabelled = orjson.loads(forged)
    relabelled["signature"] |= {name: answer.json["signature"][name] for name in ("publicKey", "fingerprint")}
    found = {problem.pointer for problem in check(written(relabelled), [right]).problems}
    assert found >= {"/signature/publicKey", "/signature/value"}


async def test_dossiers_of_an_older_key_verify_after_it_was_replaced(live: World) -> None:
    request, rep = await eventful_request(live)
    before = await take(live, rep, request)
    secret = live.client.kit.settings.evidence_keys
    async with live.db.transaction(live.system) as uow:
        await evidence_keys.rotate(uow, secret)
    after = await take(live, rep, request)
    keys = await live.client.get("/approvals/evidence-keys", token=rep.token)
    assert [key["status"] for key in keys.json["keys"]] == ["ACTIVE", "RETIRED"]
    assert [key["fingerprint"] for key in keys.json["keys"]] == [
        *(after.json["signature"]["fingerprint"], before.json["signature"]["fingerprint"]),
    ]
    pins = pins_of(keys.body)
    assert (check(before.body, pins).verified, check(after.body, pins).verified) == (True, True)
    [retired] = await live.rows("SELECT sealed_private_key FROM evidence_keys WHERE retired_at IS NOT NULL")
    assert retired["sealed_private_key"] is None
    # Made in the name of a key that was out of use by then.
    late = [Pin(pin.fingerprint, pin.since, pin.since) for pin in pins]
    assert [problem.pointer for problem in check(before.body, late).problems] == ["/made/at"]
    made = await live.rows("SELECT detail FROM audit_entries WHERE action = 'evidence_key.create' ORDER BY at")
    assert [entry["detail"]["fingerprint"] for entry in made] == [key["fingerprint"] for key in keys.json["keys"]][::-1]


async def test_a_key_that_has_served_its_time_is_replaced_and_none_is_ever_deleted(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, approver)
    first = await take(live, rep, request)
    async with live.db.transaction(live.system) as uow:
        old = clock.now() - evidence_keys.KEY_LIFETIME - timedelta(days=1)
        await uow.execute("UPDATE evidence_keys SET created_at = %s", [old])
    second = await take(live, rep, request)
    assert first.json["signature"]["keyId"] != second.json["signature"]["keyId"]
    assert (await take(live, rep, request)).json["signature"]["keyId"] == second.json["signature"]["keyId"]
    with pytest.raises(Exception, match="permission denied"):
        async with live.db.transaction(live.system) as uow:
            await uow.execute("DELETE FROM evidence_keys")


async def test_a_key_that_another_secret_sealed_is_replaced(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    request = await world.request(rep, approver)
    async with world.db.transaction(world.system) as uow:
        await evidence_keys.rotate(uow, Keyring("the-secret-of-before-of-forty-characters"))
    answer = await take(world, rep, request)
    keys = await world.client.get("/approvals/evidence-keys", token=rep.token)
    assert check(answer.body, pins_of(keys.body)).verified
    assert [key["status"] for key in keys.json["keys"]] == ["ACTIVE", "RETIRED"]


async def test_erased_entries_say_so_and_the_rest_still_verifies(live: World) -> None:
    request, rep = await eventful_request(live)
    whole = await take(live, rep, request)
    async with live.db.transaction(live.system) as uow:
        await uow.execute(
            "DELETE FROM approval_history_personal WHERE history_id = %s", [whole.json["record"]["history"][1]["id"]]
        )
    answer = await take(live, rep, request)
    assert check(answer.body).problems == []
    entry = answer.json["record"]["history"][1]
    assert (entry["erased"], entry["personal"], entry["salt"]) == (True, None, None)
    assert "根拠を追記" not in answer.body.decode()
    # What was taken out of the file is not what the service erased.
    cut = copy.deepcopy(whole.json)
    cut["record"]["history"][1] |= {"erased": True, "personal": None, "salt": None}
    assert not check(written(cut)).verified


async def test_only_who_may_read_the_history_gets_a_dossier(world: World) -> None:
    rep, approver, manager = await world.person("rep"), await world.person("approver"), await world.person("manager")
    request = await world.request(rep, approver)
    auditor, admin, ops = await world.person("auditor"), await world.person("admin"), await world.person("ops")
    for person, status in ((rep, 200), (approver, 200), (auditor, 200), (admin, 200), (manager, 404), (ops, 403)):
        assert (await take(world, person, request)).status == status
    assert (await take(world, auditor, {"id": new_id()})).status == 404
    assert len(await world.rows("SELECT 1 FROM audit_entries WHERE action = %s", [_MADE])) == 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"schema": "ringi.approval-dossier"}',
        b'{"schema": "ringi.approval-dossier", "version": true}',
        b'{"schema": "ringi.approval-dossier", "version": 1.0}',
        b'{"schema": "ringi.approval-dossier", "version": 4}',
        b'{"schema": "other", "version": 1}',
        b'{"schema": "ringi.approval-dossier", "version": 1, "version": 1}',
        b'{"schema": "ringi.approval-dossier", "version": 1, "x": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_dossier_is_refused(content: bytes) -> None:
    with pytest.raises(NotADossierError):
        check(content)


def test_a_dossier_without_its_parts_is_reported_and_breaks_nothing() -> None:
    for parts in ({}, {"digests": 1}, {"signature": []}, {"record": {"history": [{}], "request": None}}):
        report = check(orjson.dumps({"schema": "ringi.approval-dossier", "version": 1, **parts}))
        assert not report.verified
        assert report.key == ""


def test_fingerprints_are_read_as_people_write_them() -> None:
    plain = "0123456789abcdef" * 4
    assert dossier.in_groups(plain).startswith("0123 4567 89AB CDEF ")
    for text in (plain, plain.upper(), dossier.in_groups(plain), ":".join(plain[i : i + 2] for i in range(0, 64, 2))):
        assert dossier.plain_fingerprint(text) == plain
    for text in ("", "12", plain + "00", "z" * 64):
        with pytest.raises(ValueError, match=r"."):
            dossier.plain_fingerprint(text)
