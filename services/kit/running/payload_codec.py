"""Encrypts what Temporal keeps of workflows: inputs, results, errors, memos. Ids, types and search attributes stay
readable, as Temporal itself works with them; so no name of a person or customer may stand in those."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from services.kit.running.payload_keys import PayloadKeys

ENCODING: Final = b"binary/encrypted"
"""As in Temporal's own samples: its UI and command line know by it what to send to a codec server."""
KEY_ID: Final = "encryption-key-id"
NONCE_BYTES: Final = 12
"""NIST SP 800-38D, 8.2.2: with random nonces a key serves for 2^32 payloads."""


class UnreadablePayloadError(ValueError):
    """No key of ours opens it, or it was tampered with."""


class EncryptionCodec(PayloadCodec):
    """Payloads that are not encrypted pass: histories began before encryption was switched on."""

    def __init__(self, keys: PayloadKeys) -> None:
        self._keys = keys

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        newest = self._keys.newest
        return [*payloads] if newest is None else [self._sealed(payload, newest) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Raises UnreadablePayloadError."""
        return [self._opened(payload) if is_encrypted(payload) else payload for payload in payloads]

    def _sealed(self, payload: Payload, key_id: str) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        name = key_id.encode()
        box = self._keys.ciphers[key_id].encrypt(nonce, payload.SerializeToString(), name)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: name}, data=nonce + box)

    def _opened(self, payload: Payload) -> Payload:
        name = payload.metadata.get(KEY_ID, b"")
        cipher = self._keys.ciphers.get(name.decode("ascii", "replace"))
        if cipher is None:
            raise UnreadablePayloadError("a payload at Temporal is encrypted with a key that is not set here")
        try:
            opened = cipher.decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], name)
            return Payload.FromString(opened)
        except (InvalidTag, ValueError):
            raise UnreadablePayloadError("a payload at Temporal was not encrypted with the key that it names") from None


def is_encrypted(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING


def data_converter(keys: PayloadKeys | None) -> DataConverter:
    """Pydantic payloads, encrypted where there are keys; the words and stacks of errors too."""
    if keys is None:
        return pydantic_data_converter
    return replace(
        pydantic_data_converter,
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=(
            pydantic_data_converter.failure_converter_class
            if keys.newest is None
            else DefaultFailureConverterWithEncodedAttributes
        ),
    )
