"""What stands for a person in an address that strangers may call, and for a mail in the address that it bounces to."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.contracts.states import NotificationType
from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import is_tag, tag

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

    def token(self, keys: Keyring) -> str:
        """Never expires: mails are kept for years, and all that it does is to end them."""
        content = self.user_id.bytes + (self.kind or _EVERYTHING).encode()
        return (
            base64.urlsafe_b64encode(tag(keys, UNSUBSCRIBE_PURPOSE, content)[:_TAG_BYTES] + content)
            .decode()
            .rstrip("=")
        )

    @classmethod
    def of(cls, token: str, keys: Keyring) -> "Unsubscribing | None":
        """None for a token that we did not make."""
        if len(token) > TOKEN_MAX_LENGTH:
            return None
        try:
            packed = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        given, content = packed[:_TAG_BYTES], packed[_TAG_BYTES:]
        if not is_tag(keys, UNSUBSCRIBE_PURPOSE, content, given, size=_TAG_BYTES):
            return None
        name = content[16:].decode()
        return cls(UUID(bytes=content[:16]), None if name == _EVERYTHING else NotificationType(name))


def return_path(address: str, mail_id: UUID, keys: Keyring) -> str:
    """Where a mail bounces to, with the mail's own token (VERP): ``bounces+{token}@example.co.jp``."""
    local, _, domain = address.rpartition("@")
    made = tag(keys, BOUNCE_PURPOSE, mail_id.bytes)[:_BOUNCE_TAG_BYTES]
    return f"{local}+{mail_id.hex}{made.hex()}@{domain}"


def bounced_mail(address: str, keys: Keyring) -> UUID | None:
    """The mail whose return path this is; None for any other address."""
    token = address.rpartition("@")[0].rpartition("+")[2].lower()
    if len(token) != 32 + 2 * _BOUNCE_TAG_BYTES or not token.isascii():
        return None
    try:
        mail_id, given = UUID(token[:32]), bytes.fromhex(token[32:])
    except ValueError:
        return None
    return mail_id if is_tag(keys, BOUNCE_PURPOSE, mail_id.bytes, given, size=_BOUNCE_TAG_BYTES) else None
