"""Dossiers of an audit sample: all that match, in one file that says what it holds."""

import csv
import io
import zipfile

import orjson
import pytest

from services.opportunity.dossier_check import check, pins_of
from services.opportunity.service import samples
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer


async def _sample(world: World, by: Person, query: str) -> Answer:
    return await world.client.get(f"/approvals/dossiers{query}", token=by.token)


async def test_a_sample_holds_what_matches_with_an_index_and_is_audited(world: World) -> None:
    rep, approver, auditor = await world.person("rep"), await world.person("approver"), await world.person("auditor")
    requests = [await world.request(rep, approver, amount=amount) for amount in (100_000, 200_000)]
    await world.request(rep, approver, kind="EXPENSE")
    answer = await _sample(world, auditor, "?kind=FEE_DISCOUNT")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    files = [f"dossiers/{request['number']}.json" for request in requests]
    assert sorted(archive.namelist()) == [*files, "index.csv", "index.json"]
    pins = pins_of((await world.client.get("/approvals/evidence-keys", token=auditor.token)).body)
    for file in files:
        assert check(archive.read(file), pins).problems == []
    index = orjson.loads(archive.read("index.json"))
    assert (index["count"], index["filters"], index["forId"]) == (2, {"kind": "FEE_DISCOUNT"}, str(auditor.id))
    assert [line["file"] for line in index["dossiers"]] == files
    lines = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
    assert [line["recordSha256"] for line in lines] == [line["recordSha256"] for line in index["dossiers"]]
    assert lines[0]["recordSha256"] == orjson.loads(archive.read(files[0]))["recordSha256"]
    audited = await world.rows("SELECT action, actor_id, detail FROM audit_entries WHERE action LIKE '%dossier%'")
    assert sorted(entry["action"] for entry in audited) == [*["approval.dossier"] * 2, "approval.dossier_sample"]
    assert {entry["actor_id"] for entry in audited} == {auditor.id}
    [sample] = [entry["detail"] for entry in audited if entry["action"] == "approval.dossier_sample"]
    assert sample == {"count": 2, "filters": {"kind": "FEE_DISCOUNT"}}


async def test_nothing_that_matches_is_an_empty_sample_and_too_much_is_refused_and_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, approver, auditor = await world.person("rep"), await world.person("approver"), await world.person("auditor")
    answer = await _sample(world, auditor, "?state=APPROVED")
    assert orjson.loads(zipfile.ZipFile(io.BytesIO(answer.body)).read("index.json"))["count"] == 0
    monkeypatch.setattr(samples, "MAX_SAMPLE", 2)
    for _ in range(3):
        await world.request(rep, approver)
    answer = await _sample(world, auditor, "?state=PENDING")
    assert (answer.status, answer.json["code"], answer.json["limit"]) == (422, "sample_too_large", 2)
    assert await world.rows("SELECT 1 FROM audit_entries WHERE action = 'approval.dossier'") == []
    assert (await _sample(world, auditor, "?colour=red")).status == 422


async def test_only_auditors_and_administrators_take_samples(world: World) -> None:
    for role, status in (("rep", 403), ("manager", 403), ("approver", 403), ("auditor", 200), ("admin", 200)):
        assert (await _sample(world, await world.person(role), "?state=APPROVED")).status == status
