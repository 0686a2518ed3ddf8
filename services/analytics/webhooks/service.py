"""What administrators do with webhooks; each change leaves an audit entry, none of which holds a secret."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from services.analytics import errors
from services.analytics.webhooks import catalogue, repository, signing
from services.analytics.webhooks.addresses import AddressRules
from services.analytics.webhooks.schemas import WebhookInput
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.errors import NotFound
from services.kit.events import audit
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.running.keyring import Keyring

MOST: Final = 20
OVERLAP: Final = timedelta(hours=24)
"""So long the secret before the present one signs as well."""
AUDITED: Final = ("url", "description", "eventTypes", "active")
RESOURCE: Final = "webhook"
CHANGES: Final = ("webhook.create", "webhook.update", "webhook.secret", "webhook.switched_off")


async def one(reader: Reader, endpoint_id: UUID, *, lock: bool = False) -> Row:
    """Raises NotFound."""
    row = await repository.endpoint(reader, endpoint_id, lock=lock)
    if row is None:
        raise NotFound
    return row


async def create(uow: UnitOfWork, body: WebhookInput, rules: AddressRules, keys: Keyring) -> tuple[Row, str]:
    """The endpoint and its secret, which is told this once. Raises Unprocessable."""
    _check(body, rules)
    if await repository.count_endpoints(uow) >= MOST:
        raise errors.too_many_webhooks(MOST)
    endpoint_id, secret = new_id(), signing.new_secret()
    await repository.add_endpoint(
        uow, {"id": endpoint_id, "secret": signing.sealed(secret, keys, endpoint_id), **body.model_dump()}
    )
    row = await one(uow, endpoint_id)
    await _audit(uow, "webhook.create", endpoint_id, audit.changes(None, row, AUDITED))
    return row, secret


async def change(uow: UnitOfWork, endpoint_id: UUID, version: int, body: WebhookInput, rules: AddressRules) -> Row:
    """Raises NotFound, PreconditionFailed, Unprocessable."""
    before = await one(uow, endpoint_id, lock=True)
    if before["version"] != version:
        raise await audit.outrun(uow, RESOURCE, endpoint_id, before["version"], by=CHANGES)
    _check(body, rules)
    await repository.change_endpoint(uow, endpoint_id, body.model_dump())
    after = await one(uow, endpoint_id)
    await _audit(uow, "webhook.update", endpoint_id, audit.changes(before, after, AUDITED))
    return after


async def delete(uow: UnitOfWork, endpoint_id: UUID) -> None:
    before = await one(uow, endpoint_id, lock=True)
    await repository.delete_endpoint(uow, endpoint_id)
    await _audit(uow, "webhook.delete", endpoint_id, audit.changes(before, None, AUDITED))


async def replace_secret(uow: UnitOfWork, endpoint_id: UUID, keys: Keyring) -> tuple[Row, str]:
    """The new secret, told this once; the old one goes on signing beside it for a day."""
    await one(uow, endpoint_id, lock=True)
    secret, until = signing.new_secret(), clock.now() + OVERLAP
    await repository.replace_secret(uow, endpoint_id, signing.sealed(secret, keys, endpoint_id), until)
    await _audit(uow, "webhook.secret", endpoint_id, {"previousSecretUntil": until.isoformat()})
    return await one(uow, endpoint_id), secret


async def reseal(uow: UnitOfWork, keys: Keyring) -> int:
    """Seals secrets with the newest key where an earlier one sealed them; returns for how many webhooks."""
    changed = 0
    for row in await repository.secrets(uow):
        kept = {name: row[name] for name in ("secret", "previous_secret") if row[name] is not None}
        fresh = {name: signing.resealed_secret(value, keys, row["id"]) for name, value in kept.items()}
        if any(fresh.values()):
            now = {name: fresh[name] or value for name, value in kept.items()}
            await repository.reseal(uow, row["id"], now["secret"], now.get("previous_secret"))
            changed += 1
    return changed


async def send_test(uow: UnitOfWork, endpoint_id: UUID) -> None:
    """A delivery without content, to see whether it arrives."""
    await one(uow, endpoint_id)
    test = {"id": new_id(), "endpoint_id": endpoint_id, "event_id": new_id(), "event_type": catalogue.TEST_EVENT}
    body = orjson.dumps(catalogue.test_content(), option=orjson.OPT_UTC_Z).decode()
    await repository.add_deliveries(uow, [test | {"body": body}])
    await _audit(uow, "webhook.test", endpoint_id, {})


async def send_again(uow: UnitOfWork, endpoint_id: UUID, delivery_id: UUID) -> Row:
    row = await repository.send_again(uow, endpoint_id, delivery_id)
    if row is None:
        raise NotFound
    await _audit(uow, "webhook.redeliver", endpoint_id, {"deliveryId": str(delivery_id), "eventType": row["eventType"]})
    return row


def _check(body: WebhookInput, rules: AddressRules) -> None:
    refused = rules.refuses(body.url)
    if refused is not None:
        raise errors.webhook_url_refused(refused)


async def _audit(uow: UnitOfWork, action: str, endpoint_id: UUID, detail: dict[str, Any]) -> None:
    await audit.record_audit(uow, action=action, resource_type=RESOURCE, resource_id=endpoint_id, detail=detail)
