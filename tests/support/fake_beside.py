"""Files and comments of requests as the stand-in for the gateway keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from starlette.responses import Response

from services.kit.files.kinds import BY_EXTENSION
from services.kit.files.names import extension
from services.opportunity.endpoints.attachments import disposition
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_COUNT: Final = 20


class FakeFiles:
    def __init__(self) -> None:
        self._rows: dict[str, list[Json]] = {}
        self._contents: dict[str, bytes] = {}

    def count(self, approval_id: str) -> int:
        return len(self._rows.get(approval_id, []))

    def listed(self, approval_id: str) -> Json:
        return {
            "items": self._rows.get(approval_id, []),
            "nextCursor": None,
            "scanned": False,
        }

    def add(self, approval: Json, user: Json, name: str, content: bytes) -> Json | Response:
        kind = BY_EXTENSION.get(extension(name))
        if kind is None:
            message = "添付できるのは PDF、Office（マクロなし）、画像（PNG、JPEG、GIF、WebP）、テキスト、CSV です"
            error = {"pointer": "/file", "in": "body", "code": "type_not_allowed", "message": message}
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
        row: Json = {
            "id": records.uuid_of(f"file {len(self._contents)}"),
            "approvalId": approval["id"],
            "revision": approval["revision"],
            "name": name,
            "mediaType": kind.media_type,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "state": "CLEAN",
            "found": None,
            "uploadedBy": user["id"],
            "uploadedByName": user["name"],
            "uploadedAt": records.iso(),
            "removedAt": None,
            "removedRevision": None,
            "purgedAt": None,
            "purgeRule": None,
            "purgeTerm": None,
        }
        self._rows.setdefault(approval["id"], []).append(row)
        self._contents[row["id"]] = content
        return row

    def remove(self, approval_id: str, file_id: str) -> Response:
        rows = self._rows.get(approval_id, [])
        kept = [row for row in rows if row["id"] != file_id]
        if len(kept) == len(rows):
            return problem(404, "not_found", "見つかりません")
        self._rows[approval_id] = kept
        return Response(status_code=204)

    def download(self, approval_id: str, file_id: str, *, inline: bool) -> Response:
        row = next((row for row in self._rows.get(approval_id, []) if row["id"] == file_id), None)
        if row is None:
            return problem(404, "not_found", "見つかりません")
        shown = inline and (row["mediaType"].startswith("image/") or row["mediaType"] == "application/pdf")
        headers = {
            "Content-Disposition": disposition(row["name"], inline=shown),
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        return Response(self._contents[file_id], headers=headers, media_type=row["mediaType"])


class BesideAnswers:
    """The part of the stand-in that answers for what stands beside a request: comments and files."""

    files: FakeFiles
    remarks: dict[str, list[Json]]
    approvals: dict[str, Json]
    file_limits: Callable[[], Json]

    def _comments(self, ask: Ask) -> Json:
        return {"items": self.remarks.get(ask.request.path_params["id"], []), "nextCursor": None}

    def _comment(self, ask: Ask) -> Json:
        remark = {
            "id": records.uuid_of(f"comment {len(self.remarks)} {records.iso()}"),
            "approvalId": ask.request.path_params["id"],
            "authorId": ask.user["id"],
            "body": ask.body["body"],
            "authorName": ask.user["name"],
            "purpose": "COMMENT",
            "createdAt": records.iso(),
        }
        self.remarks.setdefault(ask.request.path_params["id"], []).append(remark)
        return remark

    def _attachments(self, ask: Ask) -> Json:
        return self.files.listed(ask.request.path_params["id"]) | self.file_limits()

    def _attach(self, ask: Ask) -> Any:
        file, item = ask.body["file"], self.approvals[ask.request.path_params["id"]]
        return self.files.add(item, ask.user, file.filename, file.file.read())

    def _download(self, ask: Ask) -> Response:
        params, inline = ask.request.path_params, ask.request.query_params.get("inline") == "true"
        return self.files.download(params["id"], params["file"], inline=inline)

    def _detach(self, ask: Ask) -> Response:
        return self.files.remove(ask.request.path_params["id"], ask.request.path_params["file"])
