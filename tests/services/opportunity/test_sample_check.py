"""What an auditor takes away of a sample verifies without the system, and every forgery of it is found."""

import copy
import io
import zipfile
from datetime import timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit.running import clock
from services.opportunity import dossier, drawing
from services.opportunity.dossier_check import NotADossierError, Pin, pins_of
from services.opportunity.sample_check import check_sheet
from services.opportunity.schemas.sample_sheet import SHEET_SCHEMA, SHEET_VERSION
from tests.services.opportunity.dossiers import done
from tests.services.opportunity.test_audit_samples import assess, close, drawn
from tests.services.opportunity.world import Person, World

Json = dict[str, Any]
Files = dict[str, bytes]
THIEF = dossier.Signer("evidence-20260101-00000000", Ed25519PrivateKey.generate())


async def exported(live: World) -> tuple[Files, list[Pin], Person]:
    """Three of five decided requests, one with a finding that had been seen otherwise before; closed."""
    rep, approver = await live.person("rep"), await live.person("approver")
    auditor = await live.person("auditor", name="監査 花子")
    for _ in range(5):
        await done(await live.act(approver, await live.request(rep, approver), "approve", comment="問題ありません"))
    day = timedelta(days=1)
    period = {"decidedFrom": (clock.now() - day).isoformat(), "decidedTo": (clock.now() + day).isoformat()}
    sample = await drawn(live, auditor, period)
    await done(await assess(live, auditor, sample, 1))
    await done(await assess(live, auditor, sample, 2, note="要確認"))
    await done(await assess(live, auditor, sample, 2, 1, assessment="FINDING", note="根拠資料なし"))
    await done(await assess(live, auditor, sample, 3, assessment="NOT_APPLICABLE"))
    await done(await close(live, auditor, sample, 5, "指摘1件"))
    answer = await live.client.get(f"/audit-samples/{sample['id']}/export", token=auditor.token)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    files = {name: archive.read(name) for name in archive.namelist()}
    alone = await live.client.get(f"/audit-samples/{sample['id']}/sheet", token=auditor.token)
    assert alone.json["recordSha256"] == orjson.loads(files["sample.json"])["recordSha256"], "paper and file agree"
    pins = pins_of((await live.client.get("/approvals/evidence-keys", token=auditor.token)).body)
    return files, pins, auditor


def problems(files: Files, pins: list[Pin] | None = None) -> list[str]:
    return [problem.pointer for problem in check_sheet(files["sample.json"], files.get, pins, whole=True).problems]


def resigned(sheet: Json, change: Any) -> bytes:
    """The sheet with something else in it, signed anew by whoever has a key."""
    copied = copy.deepcopy(sheet)
    change(copied)
    forged = dossier.sign(copied["record"], copied["made"], THIEF, schema=SHEET_SCHEMA, version=SHEET_VERSION)
    return orjson.dumps(forged)


async def test_the_export_verifies_with_its_drawing_and_its_dossiers_and_each_forgery_is_found(live: World) -> None:
    files, pins, auditor = await exported(live)
    sheet = orjson.loads(files["sample.json"])
    names = [item["number"] for item in sheet["record"]["items"]]
    assert sorted(files) == sorted(
        [*(f"dossiers/{n}.json" for n in names), "index.csv", "population.txt", "sample.json"]
    )
    report = check_sheet(files["sample.json"], files.get, pins, whole=True)
    assert report.problems == []
    assert (report.pinned, report.drawn_again, report.dossiers, report.items) == (True, True, 3, 3)
    assert report.is_closed
    assert sheet["record"]["closing"]["result"] == "指摘1件"
    assert [said["note"] for said in sheet["record"]["items"][1]["assessments"]] == ["要確認", "根拠資料なし"]
    assert sheet["record"]["people"] == {str(auditor.id): "監査 花子"}
    audited = await live.rows("SELECT detail FROM audit_entries WHERE action = 'audit_sample.export' ORDER BY at")
    assert [entry["detail"]["dossiers"] for entry in audited] == [3, 0]
    assert len(await live.rows("SELECT 1 FROM audit_entries WHERE action = 'approval.dossier'")) == 3
    _changed_afterwards(files, pins, names)
    _signed_anew(files, sheet)


def _changed_afterwards(files: Files, pins: list[Pin], names: list[str]) -> None:
    """Without a key."""
    note = files | {"sample.json": files["sample.json"].replace("根拠資料なし".encode(), "特に問題なし".encode())}
    assert "/record/items/1/assessments/1/note" in problems(note, pins)
    numbers = drawing.numbers_of(files["population.txt"])
    fewer = files | {"population.txt": drawing.listing(numbers[1:])}
    assert problems(fewer, pins) == ["/population.txt"]
    assert problems({name: content for name, content in files.items() if name != "population.txt"}) == [
        "/population.txt"
    ]
    first, second = (f"dossiers/{name}.json" for name in names[:2])
    assert problems(files | {first: files[second]}, pins) == ["/made/dossiers/0"]
    assert problems(files | {first: b"{}"}, pins) == ["/made/dossiers/0"]
    assert problems({name: content for name, content in files.items() if name != second}, pins) == ["/made/dossiers/1"]
    tampered = files | {first: files[first].replace("問題ありません".encode(), "問題があります".encode())}
    assert problems(tampered, pins) == ["/made/dossiers/0"]
    with pytest.raises(NotADossierError):
        check_sheet(files[first], files.get, pins)


def _signed_anew(files: Files, sheet: Json) -> None:
    """By whoever has a key: what the drawing and the order of things tell."""

    def found(change: Any) -> list[str]:
        return problems(files | {"sample.json": resigned(sheet, change)})

    def other_seed(other: Json) -> None:
        other["record"]["drawing"]["seed"] = "chosen afterwards"

    def exchanged(other: Json) -> None:
        record = other["record"]
        drawn_numbers = [item["number"] for item in record["items"]]
        left = next(n for n in drawing.numbers_of(files["population.txt"]) if n not in drawn_numbers)
        record["items"][0]["number"] = left
        record["items"].sort(key=lambda item: drawing.rank(record["drawing"]["seed"], item["number"]))
        for place, item in enumerate(record["items"], start=1):
            item["position"] = place

    assert found(lambda _: None) == []
    assert "/record/items" in found(other_seed)
    assert "/record/items" in found(exchanged)
    assert "/record/items" in found(lambda s: s["record"]["items"].pop())
    assert "/record/items/1/assessments/0/version" in found(lambda s: s["record"]["items"][1]["assessments"].pop(0))
    assert "/record/items/1/assessments/1/note" in found(
        lambda s: s["record"]["items"][1]["assessments"][1].update(note="")
    )
    assert "/record/items/0" in found(lambda s: s["record"]["items"][0]["assessments"].clear())
    assert "/record/items/0" in found(
        lambda s: s["record"]["items"][0]["assessments"][0].update(at="2999-01-01T00:00:00Z")
    )
    assert "/record/closing" in found(lambda s: s["record"].update(closing=None))
    assert "/record/drawing/algorithm" in found(lambda s: s["record"]["drawing"].update(algorithm="mine"))
    assert "/made/dossiers/0/file" in found(lambda s: s["made"]["dossiers"][0].update(file="../../etc/passwd"))
    assert "/made/dossiers" in found(lambda s: s["made"]["dossiers"].pop())
    known = [Pin(sheet["signature"]["fingerprint"])]
    assert "/signature/publicKey" in problems(files | {"sample.json": resigned(sheet, lambda _: None)}, known)


async def test_a_signature_of_a_dossier_is_none_of_a_sheet(live: World) -> None:
    files, _pins, _auditor = await exported(live)
    sheet = orjson.loads(files["sample.json"])
    as_dossier = dossier.sign(sheet["record"], sheet["made"], THIEF)
    relabelled = as_dossier | {"schema": SHEET_SCHEMA, "version": SHEET_VERSION}
    relabelled["digests"] = dossier.digests(relabelled)
    assert problems(files | {"sample.json": orjson.dumps(relabelled)}) == ["/signature/value"]
