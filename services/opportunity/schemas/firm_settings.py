"""Limits that administrators set for all requests, within those of the server."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.kit.models import CamelModel, ResponseModel

LEAST_BYTES = 1024
MAX_BYTES = 1024**3
MAX_FILES = 200


LEAST_YEARS = 7
"""The law on criminal proceeds (犯罪収益移転防止法, arts. 6 and 7), which may concern any request. What belongs to the
books that are kept for 10 (金融商品取引業等に関する内閣府令, art. 157) the firm has to say."""
MOST_YEARS = 100
LEAST_DRAFT_DAYS = 30
MOST_DRAFT_DAYS = 3_650


class FirmSettingsInput(CamelModel):
    """Null: as much as the server takes; for how long files are kept, as it is set already."""

    attachment_max_bytes: Annotated[int, Field(ge=LEAST_BYTES, le=MAX_BYTES)] | None
    attachments_per_request: Annotated[int, Field(ge=1, le=MAX_FILES)] | None
    retention_years: Annotated[int, Field(ge=LEAST_YEARS, le=MOST_YEARS)] | None = None
    abandoned_draft_days: Annotated[int, Field(ge=LEAST_DRAFT_DAYS, le=MOST_DRAFT_DAYS)] | None = None


class FirmSettingsOutput(ResponseModel):
    """``hardMaxBytes`` and ``hardPerRequest``: what the server takes at most, whatever is set. Files are kept for
    ``retentionYears`` after the end of their request, those of a draft for ``abandonedDraftDays`` after its last
    change."""

    attachment_max_bytes: int | None
    attachments_per_request: int | None
    retention_years: int
    abandoned_draft_days: int
    hard_max_bytes: int
    hard_per_request: int
    version: int
    updated_by: UUID | None
    updated_by_name: str | None
    updated_at: datetime
