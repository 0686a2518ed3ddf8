"""Temporal's `Payloads` message as JSON (protobuf's own mapping: bytes are Base64)."""

from typing import Annotated, Final

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

MOST_PAYLOADS: Final = 1_000
"""Of one call; those of one event of a history are a few."""


class EncodedPayload(BaseModel):
    """What later versions of Temporal add to it is left out."""

    model_config = ConfigDict(extra="ignore")

    metadata: Annotated[dict[str, Base64Bytes], Field(max_length=64)] = {}
    data: Base64Bytes = b""


class EncodedPayloads(BaseModel):
    model_config = ConfigDict(extra="ignore")

    payloads: Annotated[list[EncodedPayload], Field(max_length=MOST_PAYLOADS)]
