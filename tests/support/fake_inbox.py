"""Saved views and snoozes, as the stand-in for the gateway keeps and answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem
from tests.support.fake_bulk import BulkAnswers

_OPEN = {"PENDING", "RETURNED", "ON_HOLD"}


class InboxAnswers(BulkAnswers):
    """What each person makes of their inbox. Snoozes are kept by user and request, with their time."""

    wanting: Callable[[Ask], list[Json]]

    def reset_inbox(self) -> None:
        self.reset_bulk()
        self.views: dict[str, Json] = {}
        self.snoozes: dict[tuple[str, str], str] = {}

    def inbox_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            *self.bulk_routes(),
            ("GET", "/approvals/views", self._list_views),
            ("POST", "/approvals/views", self._save_view),
            ("PUT", "/approvals/views/{id}", self._change_view),
            ("DELETE", "/approvals/views/{id}", self._delete_view),
            ("PUT", "/approvals/{id}/snooze", self._snooze),
            ("DELETE", "/approvals/{id}/snooze", self._wake),
        ]

    def _awake(self, ask: Ask, *, asleep: bool) -> list[Json]:
        """What waits for who asks, and is set aside or not."""
        who = ask.user["id"]
        waiting = [item for item in self.approvals.values() if self._waits_for(item, who)]
        found = [item for item in waiting if ((who, item["id"]) in self.snoozes) == asleep]
        return [item | {"snoozedUntil": self.snoozes.get((who, item["id"]))} for item in found]

    def _counts(self, ask: Ask) -> Json:
        own = [item for item in self.approvals.values() if item["requesterId"] == ask.user["id"]]
        return {
            "waiting": len(self._awake(ask, asleep=False)),
            "snoozed": len(self._awake(ask, asleep=True)),
            "stuck": 0,
            "opinions": len(self.wanting(ask)),
            "requested": sum(item["state"] in _OPEN for item in own),
            "returned": sum(item["state"] == "RETURNED" for item in own),
            "drafts": sum(item["state"] == "DRAFT" for item in own),
        } | self.circulation_counts(ask.user)

    def _list_views(self, ask: Ask) -> Json:
        own = [view for view in self.views.values() if view["by"] == ask.user["id"]]
        return {"items": [self._shown_view(view) for view in own]}

    def _shown_view(self, view: Json) -> Json:
        return {name: value for name, value in view.items() if name != "by"}

    def _save_view(self, ask: Ask) -> Any:
        if any(view["name"] == ask.body["name"] for view in self.views.values()):
            error = {"pointer": "/name", "in": "body", "code": "name_taken", "message": "同じ名前があります"}
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
        view = ask.body | {"id": records.uuid_of(f"view {len(self.views)}"), "version": 1, "by": ask.user["id"]}
        return self._shown_view(self._keep(view))

    def _keep(self, view: Json) -> Json:
        if view["isDefault"]:
            for other in self.views.values():
                other["isDefault"] = False
        self.views[view["id"]] = view
        return view

    def _change_view(self, ask: Ask) -> Any:
        view = self.views[ask.request.path_params["id"]]
        if ask.request.headers.get("if-match") != f'"{view["version"]}"':
            return problem(412, "precondition_failed", "ほかの人が先に変更しました", currentVersion=view["version"])
        return self._shown_view(self._keep(view | ask.body | {"version": view["version"] + 1}))

    def _delete_view(self, ask: Ask) -> Response:
        del self.views[ask.request.path_params["id"]]
        return Response(status_code=204)

    def _snooze(self, ask: Ask) -> Json:
        approval_id, until = ask.request.path_params["id"], ask.body["until"]
        self.snoozes[ask.user["id"], approval_id] = until
        return {"approvalId": approval_id, "until": until, "wakesAt": until}

    def _wake(self, ask: Ask) -> Response:
        self.snoozes.pop((ask.user["id"], ask.request.path_params["id"]), None)
        return Response(status_code=204)
