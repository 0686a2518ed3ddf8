"""The purposes that keys serve, who is given them, and what has to be over before an old one may go."""

from dataclasses import dataclass
from typing import Final

SERVICES: Final = ("auth", "customer", "sales-activity", "opportunity", "analytics")
REMOTES: Final = ("remote-customer", "remote-sales", "remote-opportunity", "remote-analytics", "remote-admin")


@dataclass(frozen=True, slots=True)
class Purpose:
    """``readers``: processes by their names in docker-compose.yml. ``until``: when what the old key made is over."""

    name: str
    readers: tuple[str, ...]
    until: str
    keeps_data: bool = False
    """Whether what it sealed lies in a database, so that `ringi keys reseal` comes before `drop`."""

    @property
    def variable(self) -> str:
        return f"RINGI_{self.name.upper()}_KEYS"


PURPOSES: Final = (
    Purpose(
        "internal",
        (*SERVICES, "worker-customer", "worker-sales-activity", "worker-opportunity", "worker-analytics", "gateway"),
        "two minutes after the last restart",
    ),
    Purpose("answer", SERVICES, "24 hours after the last restart"),
    Purpose("cursor", SERVICES, "when lists that were open at the last restart are closed, say a day later"),
    Purpose("signing", ("auth", "worker-auth"), "when `ringi keys reseal` has run", keeps_data=True),
    Purpose(
        "factor",
        ("auth",),
        "when `ringi keys reseal` has run; recovery codes that were made under the old key end with it",
        keeps_data=True,
    ),
    Purpose("evidence", ("opportunity",), "when `ringi keys reseal` has run", keeps_data=True),
    Purpose(
        "mail", ("analytics", "worker-analytics"), "when links to unsubscribe in mails of that time may stop working"
    ),
    Purpose("webhook", ("analytics", "worker-analytics"), "when `ringi keys reseal` has run", keeps_data=True),
    Purpose("session", ("shell",), "14 days after the last restart; earlier it signs people out"),
    Purpose("identity", ("shell", *REMOTES), "two minutes after the last restart"),
)
BY_NAME: Final = {purpose.name: purpose for purpose in PURPOSES}
FLEETING: Final = frozenset({"internal", "identity"})
"""What they sign is over within a minute: nothing of theirs is left from before a stop."""
