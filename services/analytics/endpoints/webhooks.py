"""/webhooks: where the firm's own programs are told of events; administrators keep them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.analytics.endpoints.dependencies import Administrator
from services.analytics.webhooks import repository, service
from services.analytics.webhooks.addresses import AddressRules
from services.analytics.webhooks.catalogue import EVENT_TYPES
from services.analytics.webhooks.schemas import (
    DeliveryQuery,
    DeliveryView,
    WebhookInput,
    WebhookList,
    WebhookView,
    WebhookWithSecret,
)
from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.kit.http.paging import Page, page

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=ServiceRoute)

_CURSOR = "webhook-deliveries"


def _rules(request: Request) -> AddressRules:
    rules: AddressRules = request.app.state.webhook_rules
    return rules


Rules = Annotated[AddressRules, Depends(_rules)]


@router.get("", response_model=WebhookList)
async def list_webhooks(_principal: Administrator, reader: Reads) -> Response:
    return json_response({"items": await repository.endpoints(reader), "eventTypes": EVENT_TYPES})


@router.post("", response_model=WebhookWithSecret, status_code=201)
async def create_webhook(
    _principal: Administrator, uow: Uow, kit: KitDep, rules: Rules, body: WebhookInput
) -> Response:
    row, secret = await service.create(uow, body, rules, kit.settings.webhook_keys)
    return json_response(row | {"secret": secret}, status=201, version=row["version"])


@router.get("/{webhook_id}", response_model=WebhookView)
async def get_webhook(_principal: Administrator, reader: Reads, webhook_id: UUID) -> Response:
    row = await service.one(reader, webhook_id)
    return json_response(row, version=row["version"])


@router.put("/{webhook_id}", response_model=WebhookView)
async def replace_webhook(
    _principal: Administrator, uow: Uow, request: Request, rules: Rules, webhook_id: UUID, body: WebhookInput
) -> Response:
    row = await service.change(uow, webhook_id, require_if_match(request), body, rules)
    return json_response(row, version=row["version"])


@router.delete("/{webhook_id}", status_code=204)
async def delete_webhook(_principal: Administrator, uow: Uow, webhook_id: UUID) -> Response:
    """With its log."""
    await service.delete(uow, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/secret", response_model=WebhookWithSecret)
async def replace_webhook_secret(_principal: Administrator, uow: Uow, kit: KitDep, webhook_id: UUID) -> Response:
    """The secret before signs as well for a day."""
    row, secret = await service.replace_secret(uow, webhook_id, kit.settings.webhook_keys)
    return json_response(row | {"secret": secret}, version=row["version"])


@router.post("/{webhook_id}/test", status_code=204)
async def send_webhook_test(_principal: Administrator, uow: Uow, webhook_id: UUID) -> Response:
    """Sends `webhook.test` within seconds; what became of it stands in the log."""
    await service.send_test(uow, webhook_id)
    return Response(status_code=204)


@router.get("/{webhook_id}/deliveries", response_model=Page[DeliveryView])
async def list_webhook_deliveries(
    _principal: Administrator, reader: Reads, kit: KitDep, webhook_id: UUID, query: Annotated[DeliveryQuery, Query()]
) -> Response:
    """Newest first, of thirty days."""
    await service.one(reader, webhook_id)
    key = kit.cursors.decode(_CURSOR, query.cursor, [int])
    rows = await repository.deliveries(
        reader, webhook_id, state=query.state, before=None if key is None else key[0], limit=query.limit + 1
    )
    listed = page(rows, query.limit, lambda row: kit.cursors.encode(_CURSOR, [row["seq"]]))
    return json_response({**listed, "items": [DeliveryView.model_validate(row) for row in listed["items"]]})


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver", response_model=DeliveryView)
async def redeliver_webhook(_principal: Administrator, uow: Uow, webhook_id: UUID, delivery_id: UUID) -> Response:
    """Sends it again, under its old id."""
    return json_response(DeliveryView.model_validate(await service.send_again(uow, webhook_id, delivery_id)))
