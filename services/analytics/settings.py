"""What analytics reads beyond the settings of every service: how mail leaves, where bounces arrive, and where webhooks
may go."""

import ipaddress
import ssl
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from services.kit.running.settings import ServiceSettings
from services.kit.text.email import email_address


class MailTls(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class MailDetails(StrEnum):
    """How much of a record a mail tells: its number alone; in the body also its title and the customer's name; or these
    in the subject too, which telephones show to whoever looks at them."""

    NUMBER = "number"
    BODY = "body"
    SUBJECT = "subject"


_PORTS: Final = {MailTls.STARTTLS: 587, MailTls.TLS: 465, MailTls.NONE: 25}


class AnalyticsSettings(ServiceSettings):
    mail_host: str | None = None
    """The SMTP server that takes mail for delivery. None: no mail is made."""
    mail_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """None: the usual one, 587 for STARTTLS, 465 for TLS, 25 without."""
    mail_tls: MailTls = MailTls.STARTTLS
    """``starttls``, ``tls`` from the first byte, or ``none``."""
    mail_ca_file: Path | None = None
    """Certificates that are trusted in the place of the system's, as of a firm's own authority."""
    mail_username: str | None = None
    """None: without signing in."""
    mail_password: SecretStr | None = None
    """For the user name."""
    mail_from: str | None = None
    """``Ringi CRM <ringi@example.co.jp>``, or the address alone."""
    mail_bounces_to: str | None = None
    """The address that bounces go to, with ``+`` and a token before its @. None: to the sender."""
    mail_details: MailDetails = MailDetails.BODY
    """``number``: a mail tells a record's number only; ``body``: its title too; ``subject``: also in the subject."""
    mail_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 30.0
    """For one answer of the mail server."""
    mail_bounce_host: str = "127.0.0.1"
    """The address at which the worker listens for bounces."""
    mail_bounce_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Where the worker takes bounces from the mail server by LMTP. None: it does not listen."""

    webhook_allowed_networks: str = ""
    """CIDR blocks, separated by commas, of private addresses that webhooks may go to."""
    webhook_allow_http: bool = False
    """Whether webhooks may go out without TLS."""

    @classmethod
    def of(cls, settings: ServiceSettings | None) -> Self:
        """These settings with the service's own read from the environment."""
        if isinstance(settings, cls):
            return settings
        return cls() if settings is None else cls(**settings.model_dump())

    @model_validator(mode="after")
    def _refuse_what_is_no_network(self) -> Self:
        _ = self.webhook_networks
        return self

    @property
    def webhook_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        blocks = [block.strip() for block in self.webhook_allowed_networks.split(",")]
        return tuple(ipaddress.ip_network(block) for block in blocks if block)

    @model_validator(mode="after")
    def _refuse_half_a_mail_server(self) -> Self:
        if not self.mail_host:
            return self
        for name in ("mail_from", "public_url"):
            if not getattr(self, name):
                raise ValueError(f"RINGI_MAIL_HOST needs RINGI_{name.upper()}")
        email_address(self.sender[1])
        if self.mail_bounces_to:
            email_address(self.mail_bounces_to)
        if self.mail_username and self.mail_tls is MailTls.NONE:
            raise ValueError("RINGI_MAIL_USERNAME needs TLS: the password would be sent as it is")
        return self

    @property
    def sends_mail(self) -> bool:
        return bool(self.mail_host)

    @property
    def sender(self) -> tuple[str, str]:
        """Name and address; the name may be empty."""
        return parseaddr(self.mail_from or "")

    @property
    def smtp_port(self) -> int:
        return self.mail_port or _PORTS[self.mail_tls]

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.mail_ca_file)
