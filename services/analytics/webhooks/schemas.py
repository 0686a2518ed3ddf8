"""What the API takes and answers about webhooks."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from services.analytics.webhooks.addresses import URL_MAX
from services.analytics.webhooks.catalogue import EVENT_TYPES
from services.analytics.webhooks.repository import DeliveryState
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit
from services.kit.models import CamelModel, QueryModel, ResponseModel
from services.kit.text.fields import Line

WebhookEvent = StrEnum("WebhookEvent", {name.upper().replace(".", "_"): name for name in EVENT_TYPES})  # type: ignore[misc]
"""Events that can be told; `webhook.test` is told on request only."""


def _in_order(chosen: list[WebhookEvent]) -> list[WebhookEvent]:
    """Once each, in the order of the catalogue."""
    return [event for event in WebhookEvent if event in chosen]


class WebhookInput(CamelModel):
    url: Annotated[str, Line(URL_MAX)]
    description: Annotated[str, Line(200, minimum=0)] = ""
    event_types: Annotated[
        list[WebhookEvent], Field(min_length=1, max_length=len(EVENT_TYPES)), AfterValidator(_in_order)
    ]
    active: bool = True


class WebhookView(ResponseModel):
    """`failingSince`: the first failure after the last success. `disabledReason`: `failing` for five days, or `gone`
    (it answered 410)."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    active: bool
    failing_since: datetime | None
    disabled_reason: str | None
    previous_secret_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(WebhookView):
    secret: str = Field(description="Told this once. `whsec_` and 32 random bytes in base64.")


class WebhookList(ResponseModel):
    """`eventTypes`: all that can be chosen."""

    items: list[WebhookView]
    event_types: list[str]


class DeliveryView(ResponseModel):
    """`status`, `answer` (its beginning) and `durationMs` are of the last try; `reason` says why no answer came."""

    id: UUID
    event_type: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    tried_at: datetime | None
    duration_ms: int | None
    status: int | None
    answer: str | None
    reason: str | None


class DeliveryQuery(QueryModel):
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None
    state: DeliveryState | None = None
