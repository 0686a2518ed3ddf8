"""Decoding what Temporal keeps encrypted, for people."""

import base64
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload

from services.auth.errors import UnreadablePayload
from services.auth.payload_schemas import EncodedPayload
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.audit import record_audit
from services.kit.running.payload_codec import EncryptionCodec, UnreadablePayloadError
from services.kit.running.payload_keys import PayloadKeys


async def decode(payloads: Sequence[EncodedPayload], keys: PayloadKeys | None) -> list[dict[str, Any]]:
    """Without keys, only what was never encrypted. Raises UnreadablePayload."""
    codec = EncryptionCodec(keys or PayloadKeys(None, {}))
    messages = [Payload(metadata=payload.metadata, data=payload.data) for payload in payloads]
    try:
        return [_as_json(message) for message in await codec.decode(messages)]
    except UnreadablePayloadError as error:
        raise UnreadablePayload from error


def _as_json(message: Payload) -> dict[str, Any]:
    metadata = {name: base64.b64encode(value).decode() for name, value in message.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(message.data).decode()}


async def record(uow: UnitOfWork, namespace: str, count: int) -> None:
    await record_audit(
        uow,
        action="payloads.decode",
        resource_type="process",
        resource_id=None,
        detail={"namespace": namespace, "count": count},
    )
