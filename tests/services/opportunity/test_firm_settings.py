"""The limits of attachments that administrators set: at once, and within those of the server."""

from pathlib import Path
from typing import Any

from tests.services.opportunity.test_attachments import attach, code_of, keep_files
from tests.services.opportunity.world import Person, World
from tests.support import files
from tests.support.http import Answer


async def put(world: World, by: Person, version: int, max_bytes: int | None, count: int | None) -> Answer:
    body = {"attachmentMaxBytes": max_bytes, "attachmentsPerRequest": count}
    return await world.client.put("/approval-settings", body, token=by.token, if_match=version)


async def limits(world: World, by: Person, request: dict[str, Any]) -> tuple[int, int]:
    answer = await world.client.get(f"/approvals/{request['id']}/attachments", token=by.token)
    return answer.json["maxBytes"], answer.json["maxCount"]


async def test_what_is_set_counts_at_once_and_files_that_are_there_stay(world: World, tmp_path: Path) -> None:
    keep_files(world, tmp_path, attachment_max_bytes=20_000, attachments_per_request=3)
    admin, rep = await world.person("admin", name="管理 花子"), await world.person("rep")
    request = await world.request(rep, await world.person("approver"), draft=True)
    assert await limits(world, rep, request) == (20_000, 3)
    large = files.PDF + b"%" * 5_000
    assert (await attach(world, rep, request, content=large)).status == 201
    lowered = await put(world, admin, 1, 2_000, 2)
    assert (
        lowered.json | {"attachmentMaxBytes": 2_000, "hardMaxBytes": 20_000, "updatedByName": "管理 花子"}
        == lowered.json
    )
    assert await limits(world, rep, request) == (2_000, 2)
    refused = await attach(world, rep, request, name="二.pdf", content=large + b"%")
    assert (refused.status, refused.json["code"], refused.json["maxBytes"]) == (413, "file_too_large", 2_000)
    assert (await attach(world, rep, request, name="小.pdf")).status == 201
    full = await attach(world, rep, request, name="三.pdf", content=files.PDF + b"%")
    assert (full.status, code_of(full)) == (409, "too_many_attachments")
    assert (await put(world, admin, 2, None, None)).status == 200
    assert await limits(world, rep, request) == (20_000, 3)
    [first, _] = await world.rows("SELECT detail FROM audit_entries WHERE action = 'firm_settings.update' ORDER BY at")
    assert first["detail"]["changes"] == {
        "attachment_max_bytes": {"from": None, "to": 2_000},
        "attachments_per_request": {"from": None, "to": 2},
    }


async def test_the_server_has_the_last_word(world: World, tmp_path: Path) -> None:
    keep_files(world, tmp_path, attachment_max_bytes=20_000, attachments_per_request=3)
    admin, rep = await world.person("admin"), await world.person("rep")
    refused = await put(world, admin, 1, 20_001, 4)
    assert {error["pointer"] for error in refused.json["errors"]} == {"/attachmentMaxBytes", "/attachmentsPerRequest"}
    for max_bytes, count in ((0, 1), (1_023, 1), (2**40, 1), (2_000, 0), (2_000, 201)):
        assert (await put(world, admin, 1, max_bytes, count)).status == 422
    assert (await put(world, admin, 1, 20_000, 3)).status == 200
    keep_files(world, tmp_path, attachment_max_bytes=10_000, attachments_per_request=2)
    request = await world.request(rep, await world.person("approver"), draft=True)
    assert await limits(world, rep, request) == (10_000, 2)


async def test_two_who_set_them_do_not_overwrite_each_other(world: World) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    assert (await put(world, rep, 1, 2_000, 2)).status == 403
    assert (await put(world, admin, 1, 2_000, 2)).status == 200
    stale = await put(world, admin, 1, 3_000, 3)
    assert (stale.status, stale.json["changedBy"]) == (412, str(admin.id))
    assert (await put(world, admin, 2, 2_000, 2)).json["version"] == 2, "the same again makes no version"
