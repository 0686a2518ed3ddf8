"""Files of a request over HTTP: who adds them and when, what is refused, and what a decision keeps of them."""

import asyncio
import errno
import hashlib
from pathlib import Path
from typing import Any

import pytest

from services.opportunity.dossier_check import check
from services.opportunity.service.attachments import Shelf
from services.opportunity.settings import OpportunitySettings
from tests.services.opportunity.world import Person, World
from tests.support import files
from tests.support.http import Answer, new_key


def keep_files(world: World, folder: Path, **settings: Any) -> Path:
    """Gives the running service a folder of its own for files."""
    given = world.client.kit.settings.model_dump() | {"attachments_folder": folder} | settings
    world.client.app.state.shelf = Shelf.of(OpportunitySettings(**given))
    return folder


async def attach(
    world: World,
    by: Person,
    approval: dict[str, Any],
    name: str = "見積書.pdf",
    content: bytes = files.PDF,
    *,
    key: str | None = None,
) -> Answer:
    body, media_type = files.multipart(name, content)
    return await world.client.post(
        f"/approvals/{approval['id']}/attachments",
        content=body,
        token=by.token,
        key=key or new_key(),
        headers={"content-type": media_type},
    )


async def attached(world: World, by: Person, approval: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await world.client.get(f"/approvals/{approval['id']}/attachments", token=by.token)
    assert answer.status == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def code_of(answer: Answer) -> str:
    errors = answer.json.get("errors")
    return str(errors[0]["code"] if errors else answer.json["code"])


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    return keep_files(world, tmp_path / "files")


@pytest.fixture
async def rep(world: World, folder: Path) -> Person:
    return await world.person("rep", name="田中 美咲")


@pytest.fixture
async def draft(world: World, rep: Person) -> dict[str, Any]:
    approver = await world.person("approver", name="鈴木 部長")
    return await world.request(rep, approver, draft=True)


async def test_a_file_comes_back_byte_by_byte_and_is_never_run(
    world: World, rep: Person, draft: dict[str, Any]
) -> None:
    answer = await attach(world, rep, draft, "見積書「山田」.pdf")
    assert answer.status == 201, answer.json
    shown = answer.json
    assert (shown["name"], shown["size"]) == ("見積書「山田」.pdf", len(files.PDF))
    assert shown["sha256"] == hashlib.sha256(files.PDF).hexdigest()
    assert (shown["mediaType"], shown["state"], shown["uploadedByName"]) == ("application/pdf", "CLEAN", "田中 美咲")
    path = f"/approvals/{draft['id']}/attachments/{shown['id']}"
    saved = await world.client.get(path, token=rep.token)
    assert saved.body == files.PDF
    assert saved.headers["content-type"] == "application/pdf"
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert saved.headers["content-security-policy"].startswith("sandbox;")
    assert saved.headers["content-disposition"] == (
        'attachment; filename="_______.pdf"; '
        "filename*=UTF-8''%E8%A6%8B%E7%A9%8D%E6%9B%B8%E3%80%8C%E5%B1%B1%E7%94%B0%E3%80%8D.pdf"
    )
    assert [item["id"] for item in await attached(world, rep, draft)] == [shown["id"]]
    assert (await world.get(rep, draft))["attachmentCount"] == 1


async def test_only_pdf_and_pictures_are_shown_in_place(world: World, rep: Person, draft: dict[str, Any]) -> None:
    for name, content, shown in (
        ("a.png", files.png(), "inline"),
        ("a.pdf", files.PDF, "inline"),
        ("a.csv", b"a,b", "attachment"),
        ("a.docx", files.office("word/document"), "attachment"),
    ):
        added = (await attach(world, rep, draft, name, content)).json
        path = f"/approvals/{draft['id']}/attachments/{added['id']}?inline=true"
        answer = await world.client.get(path, token=rep.token)
        assert answer.headers["content-disposition"].startswith(shown), name
        assert ("sandbox" in answer.headers["content-security-policy"]) == (name != "a.pdf")
        assert "text" not in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "type_not_allowed"),
        ("a.pdf", b"<html>", "type_mismatch"),
        ("a.docm", files.office("word/document"), "type_not_allowed"),
        ("a.docx", files.office("word/document", **{"../x": b""}), "archive_paths"),
        ("../a.pdf", files.PDF, "name_path"),
        ("fdp.\u202eexe.pdf", files.PDF, "name_direction"),
        ("a\0.pdf", files.PDF, "name_control"),
        ("CON.pdf", files.PDF, "name_reserved"),
        ("長" * 151 + ".pdf", files.PDF, "name_too_long"),
        ("a.pdf", b"", "file_empty"),
        ("", files.PDF, "name_missing"),
        ("a.txt", b"a\0b", "text_nul"),
    ],
)
async def test_what_is_refused_says_why_and_leaves_nothing(
    world: World, rep: Person, draft: dict[str, Any], folder: Path, name: str, content: bytes, code: str
) -> None:
    answer = await attach(world, rep, draft, name, content)
    assert (answer.status, code_of(answer)) == (422, code)
    assert answer.json["errors"][0]["message"]
    assert await attached(world, rep, draft) == []
    assert files_in(folder) == []


async def test_too_large_and_too_many_are_refused(
    world: World, rep: Person, draft: dict[str, Any], folder: Path
) -> None:
    keep_files(world, folder, attachment_max_bytes=2000, attachments_per_request=2)
    answer = await attach(world, rep, draft, content=files.PDF + bytes(2000))
    assert (answer.status, answer.json["code"], answer.json["maxBytes"]) == (413, "file_too_large", 2000)
    last = new_key()
    assert [(await attach(world, rep, draft, key=key)).status for key in (new_key(), last)] == [201, 201]
    assert (await attach(world, rep, draft, key=last)).status == 201, "the repeat of one that did fit"
    answer = await attach(world, rep, draft)
    assert (answer.status, answer.json["code"]) == (409, "too_many_attachments")
    assert len(files_in(folder)) == 2


async def test_a_form_without_a_file_or_with_more_than_one_is_refused(
    world: World, rep: Person, draft: dict[str, Any], folder: Path
) -> None:
    async def sent(body: bytes, media_type: str) -> Answer:
        path, headers = f"/approvals/{draft['id']}/attachments", {"content-type": media_type}
        return await world.client.post(path, content=body, token=rep.token, headers=headers)

    body, media_type = files.multipart("a.pdf", files.PDF, field="other")
    assert code_of(await sent(body, media_type)) == "file_missing"
    assert code_of(await sent(b"--b0undary--\r\n", media_type)) == "file_missing"
    body, media_type = files.multipart("a.pdf", files.PDF)
    assert code_of(await sent(body[:-14] + b"\r\n" + body, media_type)) == "one_file_only"
    assert (await sent(b"{}", "application/json")).status == 415
    for broken in (body[:-14], body[:60], b"nothing of a form", b"-"):
        assert (await sent(broken, media_type)).status in (400, 422)
    assert files_in(folder) == []


async def test_the_same_key_and_file_attach_once(
    world: World, rep: Person, draft: dict[str, Any], folder: Path
) -> None:
    key = new_key()
    first = await attach(world, rep, draft, key=key)
    again = await attach(world, rep, draft, key=key)
    assert (again.status, again.json["id"]) == (201, first.json["id"])
    assert again.headers["idempotency-replayed"] == "true"
    assert len(files_in(folder)) == 1
    other = await attach(world, rep, draft, content=files.PDF + b"%", key=key)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    renamed = await attach(world, rep, draft, "b.pdf", key=key)
    assert (renamed.status, renamed.json["code"]) == (422, "idempotency_key_reused")
    assert len(files_in(folder)) == 1


async def test_only_the_requester_adds_and_removes_and_only_before_a_decision(world: World, rep: Person) -> None:
    approver = await world.person("approver")
    stranger = await world.person("rep")
    approval = await world.request(rep, approver, draft=True)
    added = (await attach(world, rep, approval)).json
    path = f"/approvals/{approval['id']}/attachments/{added['id']}"
    assert (await world.act(rep, approval, "submit")).status == 200
    assert (await attach(world, rep, approval)).json["code"] == "wrong_state"
    assert (await world.client.delete(path, token=rep.token)).json["code"] == "wrong_state"
    assert (await world.client.get(path, token=approver.token)).body == files.PDF
    assert (await attach(world, approver, approval)).status == 403
    assert (await world.client.delete(path, token=approver.token)).status == 403
    for answer in (
        await world.client.get(path, token=stranger.token),
        await world.client.get(f"/approvals/{approval['id']}/attachments", token=stranger.token),
        await attach(world, stranger, approval),
        await world.client.delete(path, token=stranger.token),
    ):
        assert answer.status == 404


async def test_a_file_of_another_request_is_not_found(world: World, rep: Person, draft: dict[str, Any]) -> None:
    other = await world.request(rep, await world.person("approver"), draft=True)
    added = (await attach(world, rep, other)).json
    path = f"/approvals/{draft['id']}/attachments/{added['id']}"
    assert (await world.client.get(path, token=rep.token)).status == 404
    assert (await world.client.delete(path, token=rep.token)).status == 404


async def test_what_was_never_submitted_goes_with_its_file(
    world: World, rep: Person, draft: dict[str, Any], folder: Path
) -> None:
    added = (await attach(world, rep, draft)).json
    path = f"/approvals/{draft['id']}/attachments/{added['id']}"
    assert (await world.client.delete(path, token=rep.token)).status == 204
    assert (await world.client.delete(path, token=rep.token)).status == 404
    assert (await world.client.get(path, token=rep.token)).status == 404
    assert await attached(world, rep, draft) == []
    assert files_in(folder) == []


async def snapshots(world: World, approval: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    rows = await world.rows(
        "SELECT h.action, p.content -> 'snapshot' -> 'attachments' AS files FROM approval_history h"
        " JOIN approval_history_personal p ON p.history_id = h.id WHERE h.approval_id = %s"
        " AND p.content ? 'snapshot' ORDER BY h.sequence",
        [approval["id"]],
    )
    return [(row["action"], row["files"]) for row in rows]


async def test_what_is_decided_on_is_what_is_attached(live: World, tmp_path: Path) -> None:
    folder = keep_files(live, tmp_path / "files")
    rep = await live.person("rep")
    first, second = await live.person("approver"), await live.person("approver")
    stages = [{"name": name, "approverIds": [who.id]} for name, who in (("一", first), ("二", second))]
    approval = await live.request(rep, draft=True, stages=stages)
    kept = (await attach(live, rep, approval)).json
    assert (await live.act(rep, approval, "submit")).status == 200
    assert (await live.act(first, approval, "approve")).status == 200
    assert (await live.act(second, approval, "return", comment="明細を")).status == 200
    # Adding and removing are other terms than those that the first stage approved (ADR 0029).
    path = f"/approvals/{approval['id']}/attachments/{kept['id']}"
    assert (await live.client.delete(path, token=rep.token)).status == 204
    new = (await attach(live, rep, approval, "明細.csv", b"a,b")).json
    assert (await live.get(rep, approval))["termsChanged"] is True
    assert (kept["revision"], new["revision"]) == (1, 2)
    resubmitted = await live.act(rep, approval, "resubmit")
    assert (resubmitted.status, resubmitted.json["stage"], resubmitted.json["revision"]) == (200, 0, 2)
    assert (await live.act(first, approval, "approve")).status == 200

    def proof(item: dict[str, Any]) -> dict[str, Any]:
        return {name: item[name] for name in ("id", "name", "mediaType", "size", "sha256")}

    one, two = [proof(kept)], [proof(new)]
    assert await snapshots(live, approval) == [
        ("SUBMIT", one),
        ("APPROVE", one),
        ("RETURN", one),
        ("RESUBMIT", two),
        ("APPROVE", two),
    ]
    # What an earlier revision was submitted with stays as evidence, for whoever sees the request.
    shown = await attached(live, second, approval)
    assert [(item["name"], item["removedRevision"]) for item in shown] == [("見積書.pdf", 2), ("明細.csv", None)]
    assert (await live.client.get(path, token=second.token)).body == files.PDF
    assert len(files_in(folder)) == 2


async def test_an_upload_and_a_submission_at_the_same_instant(world: World, rep: Person) -> None:
    """The file is in what was submitted, or refused; never a file that nobody was shown."""
    approver = await world.person("approver")
    for _ in range(5):
        approval = await world.request(rep, approver, draft=True)
        uploaded, submitted = await asyncio.gather(attach(world, rep, approval), world.act(rep, approval, "submit"))
        assert submitted.status == 200
        [(_, seen)] = await snapshots(world, approval)
        assert len(seen) == len(await attached(world, rep, approval)) == (1 if uploaded.status == 201 else 0)
        assert uploaded.status in (201, 409)


async def test_a_full_disk_is_said_and_leaves_nothing(
    world: World, rep: Person, draft: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("services.kit.files.folder._finish", no_room)
        answer = await attach(world, rep, draft)
        assert (answer.status, answer.json["code"]) == (507, "storage_full")
        assert answer.headers["retry-after"] == "60"
    assert await attached(world, rep, draft) == []
    assert files_in(folder) == []
    assert (await attach(world, rep, draft)).status == 201


async def test_without_a_place_for_files_uploads_wait(world: World) -> None:
    rep = await world.person("rep")
    approval = await world.request(rep, await world.person("approver"), draft=True)
    answer = await attach(world, rep, approval)
    assert (answer.status, answer.json["code"]) == (503, "storage_unavailable")
    assert await attached(world, rep, approval) == []


async def test_an_upload_that_breaks_off_is_not_to_be_seen(
    world: World, rep: Person, draft: dict[str, Any], folder: Path
) -> None:
    body, media_type = files.multipart("a.pdf", files.PDF * 1000)
    messages = [
        {"type": "http.request", "body": body[: len(body) // 2], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    started: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])

    path = f"/approvals/{draft['id']}/attachments"
    headers = {"host": "service", "authorization": f"Bearer {rep.token}", "content-type": media_type}
    headers["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("service", 80),
    }
    await world.client.app(scope, receive, send)
    assert started == [400]
    assert await attached(world, rep, draft) == []
    assert files_in(folder) == []


async def test_every_change_is_audited_with_the_hash(world: World, rep: Person, draft: dict[str, Any]) -> None:
    added = (await attach(world, rep, draft)).json
    await world.client.delete(f"/approvals/{draft['id']}/attachments/{added['id']}", token=rep.token)
    rows = await world.rows(
        "SELECT action, detail FROM audit_entries WHERE resource_id = %s AND action LIKE 'approval.%%tach' ORDER BY at",
        [draft["id"]],
    )
    assert [row["action"] for row in rows] == ["approval.attach", "approval.detach"]
    assert {row["detail"]["attachment"]["sha256"] for row in rows} == {added["sha256"]}


async def test_what_was_attached_stands_in_what_an_approver_saw_and_in_the_dossier(live: World, tmp_path: Path) -> None:
    keep_files(live, tmp_path / "files")
    rep, approver = await live.person("rep"), await live.person("approver")
    draft = await live.request(rep, approver, draft=True)
    file = (await attach(live, rep, draft)).json
    assert (await live.act(rep, draft, "submit")).status == 200
    assert (await live.act(approver, draft, "approve")).status == 200
    decided = (await live.history(rep, draft))[-1]
    entry = await live.client.get(f"/approvals/{draft['id']}/history/{decided['id']}", token=rep.token)
    [seen] = entry.json["seen"]["attachments"]
    assert (seen["name"], seen["sha256"], seen["size"]) == (file["name"], file["sha256"], file["size"])
    dossier = await live.client.get(f"/approvals/{draft['id']}/dossier", token=rep.token)
    [told] = dossier.json["record"]["history"][-1]["personal"]["snapshot"]["attachments"]
    assert told["sha256"] == file["sha256"]
    assert check(dossier.body).verified
