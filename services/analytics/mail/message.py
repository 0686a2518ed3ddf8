"""A mail as it is sent: plain text and HTML, in the reader's language, with what mail programs ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.analytics.mail import words
from services.analytics.mail.tokens import Unsubscribing
from services.analytics.mail.wishes import Language
from services.analytics.notifications.notice import Resource
from services.analytics.notifications.texts import render
from services.analytics.settings import AnalyticsSettings, MailDetails
from services.contracts.states import NotificationType
from services.kit.db.unit_of_work import Row
from services.kit.running import clock, zone
from services.kit.text.cleaning import one_line

UNSUBSCRIBE_PATH: Final = "/api/v1/notifications/unsubscribe"
SETTINGS_PATH: Final = "/notification-settings"
LIST_PATH: Final = "/notifications"
PLACES: Final = {
    Resource.APPROVAL: "/approvals/{id}",
    Resource.PROXY: "/absences",
    Resource.TASK: "/tasks/{id}",
    Resource.CUSTOMER: "/customers/{id}",
    Resource.SAGA: "/processes/{id}",
    Resource.WEBHOOK: "/webhooks/{id}",
}
"""Where the web UI shows what a notice is about; whoever is not signed in signs in first."""
LISTED: Final = 100
"""Notices in one mail; it says how many more there are."""
SUBJECT_MAX: Final = 150
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Addressee:
    user_id: UUID
    name: str
    address: str
    language: Language


@dataclass(frozen=True, slots=True)
class Item:
    title: str
    body: str
    at: str
    address: str


@dataclass(frozen=True, slots=True)
class Group:
    heading: str
    items: list[Item]


def build(settings: AnalyticsSettings, mail_id: UUID, to: Addressee, notices: Sequence[Row]) -> EmailMessage:
    """``notices``: rows of ``repository.contents``, at least one. The same mail has the same Message-ID each time, by
    which a receiver knows a repeat."""
    public = (settings.public_url or "").rstrip("/")
    kinds = list(dict.fromkeys(NotificationType(row["type"]) for row in notices))
    digest = len(notices) > 1
    subject = _subject(settings.mail_details, notices, to.language)
    shown, more = notices[:LISTED], len(notices) - LISTED
    values: dict[str, Any] = {
        "language": to.language,
        "subject": subject,
        "digest": digest,
        "greeting": words.GREETING.localized(to.language).format(name=one_line(to.name)),
        "groups": _groups(settings.mail_details, kinds, shown, to.language, public),
        "more": words.MORE.localized(to.language).format(count=more) if more > 0 else "",
        "all_address": public + LIST_PATH,
        "settings_address": public + SETTINGS_PATH,
        **{
            name: text.localized(to.language)
            for name, text in {
                "open": words.OPEN,
                "all": words.ALL,
                "why": words.WHY,
                "settings": words.SETTINGS,
            }.items()
        },
    }
    message = EmailMessage(policy=SMTP)
    sender_name, sender = settings.sender
    message["From"] = _address(sender_name, sender)
    message["To"] = _address(to.name, to.address)
    message["Subject"] = subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    unsubscribing = Unsubscribing(to.user_id, kinds[0] if len(kinds) == 1 else None)
    query = urlencode({"token": unsubscribing.token(settings.mail_keys)})
    message["List-Unsubscribe"] = f"<{public}{UNSUBSCRIBE_PATH}?{query}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Content-Language"] = to.language
    message.set_content(_TEMPLATES.get_template("mail.txt").render(values), cte="base64")
    message.add_alternative(_TEMPLATES.get_template("mail.html").render(values), subtype="html", cte="base64")
    return message


def _address(name: str, address: str) -> Address:
    """In its parts: the old addresses of telephones have dots that no parser takes."""
    local, _, domain = address.rpartition("@")
    return Address(one_line(name), local, domain)


def _subject(details: MailDetails, notices: Sequence[Row], language: Language) -> str:
    if len(notices) > 1:
        return words.DIGEST_SUBJECT.localized(language).format(count=len(notices))
    row = notices[0]
    number = row["params"].get("number")
    heading = words.HEADINGS[NotificationType(row["type"])].localized(language)
    if details is MailDetails.SUBJECT:
        heading, number = _texts(row, language)[0], None
    subject = words.SINGLE_SUBJECT.localized(language).format(heading=heading, number=f" {number}" if number else "")
    return one_line(subject)[:SUBJECT_MAX]


def _groups(
    details: MailDetails, kinds: Sequence[NotificationType], notices: Sequence[Row], language: Language, public: str
) -> list[Group]:
    """By kind, in the order in which the kinds first came."""
    groups = []
    for kind in kinds:
        heading = words.HEADINGS[kind].localized(language)
        rows = [row for row in notices if row["type"] == kind]
        if rows:
            groups.append(Group(heading, [_item(details, heading, row, language, public) for row in rows]))
    return groups


def _item(details: MailDetails, heading: str, row: Row, language: Language, public: str) -> Item:
    if details is MailDetails.NUMBER:
        title, body = heading, str(row["params"].get("number") or "")
    else:
        title, body = _texts(row, language)
    at = zone.local(row["at"]).strftime("%Y-%m-%d %H:%M")
    place = PLACES[Resource(row["resource_type"])].format(id=row["resource_id"])
    return Item(title, body, at, public + place)


def _texts(row: Row, language: Language) -> tuple[str, str]:
    return render(row["type"], row["params"], row["customer"], language, absent=row["absent"], proxy=row["proxy"])
