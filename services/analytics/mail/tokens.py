"""What stands for a person in an address that strangers may call, and for a mail in the address that it bounces to."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from services.contracts.states import NotificationType
from services.kit.trust.crypto import derive

UNSUBSCRIBE_PURPOSE: Final = "mail-unsubscribe"
BOUNCE_PURPOSE: Final = "mail-bounce"
TOKEN_MAX_LENGTH: Final = 200
_TAG_BYTES: Final = 16
_BOUNCE_TAG_BYTES: Final = 8
"""Local parts have 64 octets (RFC 5321, 4.5.3.1.1); a guess costs a mail each."""
_EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """Whose mail of which kind is to end; None: all of it."""

    user_id: UUID
    kind: NotificationType | None

    def token(self, secret: SecretStr) -> str:
        """Never expires: mails are kept for years, and all that it does is to end them."""
        content = self.user_id.bytes + (self.kind or _EVERYTHING).encode()
        return base64.urlsafe_b64encode(_tag(secret, content) + content).decode().rstrip("=")

    @classmethod
    def of(cls, token: str, secret: SecretStr) -> "Unsubscribing | None":
        """None for a token that we did not make."""
        if len(token) > TOKEN_MAX_LENGTH:
            return None
        try:
            packed = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        tag, content = packed[:_TAG_BYTES], packed[_TAG_BYTES:]
        if not hmac.compare_digest(tag, _tag(secret, content)):
            return None
        name = content[16:].decode()
        return cls(UUID(bytes=content[:16]), None if name == _EVERYTHING else NotificationType(name))


def _tag(secret: SecretStr, content: bytes) -> bytes:
    return hmac.digest(derive(secret, UNSUBSCRIBE_PURPOSE), content, hashlib.sha256)[:_TAG_BYTES]


def return_path(address: str, mail_id: UUID, secret: SecretStr) -> str:
    """Where a mail bounces to, with the mail's own token (VERP): ``bounces+{token}@example.co.jp``."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{mail_id.hex}{_bounce_tag(secret, mail_id)}@{domain}"


def bounced_mail(address: str, secret: SecretStr) -> UUID | None:
    """The mail whose return path this is; None for any other address."""
    token = address.rpartition("@")[0].rpartition("+")[2].lower()
    if len(token) != 32 + 2 * _BOUNCE_TAG_BYTES or not token.isascii():
        return None
    try:
        mail_id = UUID(token[:32])
    except ValueError:
        return None
    return mail_id if hmac.compare_digest(token[32:], _bounce_tag(secret, mail_id)) else None


def _bounce_tag(secret: SecretStr, mail_id: UUID) -> str:
    return hmac.digest(derive(secret, BOUNCE_PURPOSE), mail_id.bytes, hashlib.sha256)[:_BOUNCE_TAG_BYTES].hex()
