"""Templates of requests as the gateway answers them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from frontend.opportunity.views import Approval
from frontend.ui.gateway import Json
from frontend.ui.views import View


class Template(View):
    """`content` is a request without what belongs to one customer; `owner_id` is None for the firm's."""

    id: str
    name: str
    owner_id: str | None = None
    content: dict[str, Any] = Field(default_factory=dict)
    may_change: bool = False

    @property
    def record(self) -> Json:
        """As a form of a request shows it."""
        return {"id": "", **self.content}

    @property
    def request(self) -> Approval:
        return Approval.model_validate(self.record)


class TemplateList(View):
    items: list[Template] = Field(default_factory=list)
