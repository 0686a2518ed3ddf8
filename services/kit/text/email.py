"""E-mail addresses, as typed in Japan: full width is folded, and the two kinds of old addresses of phones are known."""

import re
import unicodedata
from typing import Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic_core import PydanticCustomError

from services.kit.text.cleaning import one_line, too_long

EMAIL_MAX: Final = 254
"""RFC 5321, 4.5.3.1.3, less the angle brackets."""
_DOTS_ANYWHERE: Final = frozenset({"docomo.ne.jp", "ezweb.ne.jp"})
"""Carriers that gave out addresses with dots in a row or before the @ until 2009, against RFC 5321; many live on."""
_DOTS: Final = re.compile(r"\.+")

# The library's list is meant to be changed: many companies' own addresses end in .local.
SPECIAL_USE_DOMAIN_NAMES.remove("local")


def email_address(value: str) -> str:
    """The address in its usual form (domain in lower case). Raises PydanticCustomError for what is none.

    Whether the domain exists is not asked: that answer changes, and a form must work without a name server.
    """
    if len(value) > EMAIL_MAX:
        raise too_long(EMAIL_MAX)
    address = unicodedata.normalize("NFKC", one_line(value)).replace("。", ".")
    local, _, domain = address.rpartition("@")
    checked = address
    if domain.lower() in _DOTS_ANYWHERE:
        checked = f"{_DOTS.sub('.', local).strip('.')}@{domain}"
    try:
        found = validate_email(checked, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise PydanticCustomError("email_format", "Value is not an e-mail address") from error
    return f"{local}@{found.domain}" if checked != address else found.normalized
