"""Templates of requests of the stand-in for the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

CONTENT = ("kind", "title", "description", "amount", "currency", "fields")


class TemplateAnswers:
    """State and handlers; ``templates`` by id."""

    approvals: dict[str, Json]
    templates: dict[str, Json]
    _new_route: Callable[..., Any]

    def reset_templates(self) -> None:
        self.templates = {}

    @property
    def creating(self) -> tuple[Callable[..., Any], ...]:
        """Handlers that make something new, beside those of the gateway itself."""
        return self._keep_template, self._new_route

    def template_table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        root = "/approval-templates"
        return [
            ("GET", root, self._list_templates),
            ("POST", root, self._keep_template),
            ("GET", f"{root}/{{id}}", self._one_template),
            ("PATCH", f"{root}/{{id}}", self._rename_template),
            ("DELETE", f"{root}/{{id}}", self._delete_template),
        ]

    def _list_templates(self, _ask: Ask) -> Json:
        return {"items": list(self.templates.values())}

    def _keep_template(self, ask: Ask) -> Json:
        approval = self.approvals[ask.body["approvalId"]]
        row: Json = {"id": records.uuid_of(f"template {len(self.templates)}"), "name": ask.body["name"]}
        row |= {"ownerId": None if ask.body["firmWide"] else ask.user["id"], "mayChange": True}
        row |= {"version": 1, "createdAt": records.iso(), "updatedAt": records.iso()}
        row["content"] = {name: approval[name] for name in CONTENT}
        self.templates[row["id"]] = row
        return row

    def _one_template(self, ask: Ask) -> Any:
        return self.templates.get(ask.request.path_params["id"]) or problem(404, "not_found", "見つかりません")

    def _rename_template(self, ask: Ask) -> Json:
        row = self.templates[ask.request.path_params["id"]]
        row["name"] = ask.body["name"]
        return row

    def _delete_template(self, ask: Ask) -> Response:
        del self.templates[ask.request.path_params["id"]]
        return Response(status_code=204)
