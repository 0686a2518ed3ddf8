"""Limits that administrators set for all requests, within those of the server."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.kit.models import CamelModel, ResponseModel

LEAST_BYTES = 1024
MAX_BYTES = 1024**3
MAX_FILES = 200


class FirmSettingsInput(CamelModel):
    """Null: as much as the server takes."""

    attachment_max_bytes: Annotated[int, Field(ge=LEAST_BYTES, le=MAX_BYTES)] | None
    attachments_per_request: Annotated[int, Field(ge=1, le=MAX_FILES)] | None


class FirmSettingsOutput(ResponseModel):
    """``hardMaxBytes`` and ``hardPerRequest``: what the server takes at most, whatever is set."""

    attachment_max_bytes: int | None
    attachments_per_request: int | None
    hard_max_bytes: int
    hard_per_request: int
    version: int
    updated_by: UUID | None
    updated_by_name: str | None
    updated_at: datetime
