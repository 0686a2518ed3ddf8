"""The codec server: shows who may look into processes what Temporal keeps of them encrypted.

The protocol is Temporal's: its UI and command line post to `…/decode` what they can't read. Nothing encodes here:
what people type into Temporal's own tools would begin workflows beside our rules.
"""

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response

from services.auth.endpoints.audit import Context
from services.auth.endpoints.dependencies import ProcessOperator
from services.auth.payload_schemas import EncodedPayloads
from services.auth.service import payloads
from services.kit.http import KitDep, ServiceRoute, json_response

router = APIRouter(prefix="/auth/temporal", tags=["temporal"], route_class=ServiceRoute)
Namespace = Annotated[str | None, Header(alias="X-Namespace", max_length=255)]


@router.post("/decode", response_model=EncodedPayloads)
async def decode_payloads(
    _caller: ProcessOperator, kit: KitDep, context: Context, body: EncodedPayloads, namespace: Namespace = None
) -> Response:
    """Payloads as they were before they were encrypted; those that never were come back as they are. The audit log has
    an entry of each call: who, of which namespace, and how many."""
    decoded = await payloads.decode(body.payloads, kit.settings.payload_keys())
    async with kit.db.transaction(context) as uow:
        await payloads.record(uow, namespace or kit.settings.temporal_namespace, len(body.payloads))
    return json_response({"payloads": decoded}, headers={"Cache-Control": "no-store"})
