"""What is different since somebody decided on a request, or since an earlier revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field
from pydantic.alias_generators import to_camel

from frontend.opportunity import words
from frontend.opportunity.facts import CustomerSeen, by_field
from frontend.opportunity.kinds.definitions import Kinds
from frontend.opportunity.kinds.table import field_named, text_of
from frontend.ui import formats, kind_words
from frontend.ui.gateway import GatewayProblem, Json, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.views import View

CONTEXT = 60
"""So many characters of what stayed are shown on either side of a change."""


class Piece(View):
    edit: str
    text: str


class Change(View):
    pointer: str
    before: Json = None
    after: Json = None


class ComparedWith(View):
    revision: int
    at: str
    action: str
    actor_name: str | None = None
    own: bool = False


class File(View):
    name: str


class Files(View):
    added: list[File] = Field(default_factory=list)
    removed: list[File] = Field(default_factory=list)


class Side(View):
    kind: str = "OTHER"
    currency: str = formats.YEN


class Content(View):
    before: Side
    after: Side
    changes: list[Change] = Field(default_factory=list)
    description: list[Piece] = Field(default_factory=list)
    attachments: Files = Field(default_factory=Files)
    changed: bool = False


class Changes(View):
    """As the API answers; `is_known`: whether it could be asked at all."""

    revision: int = 1
    revisions: list[int] = Field(default_factory=list)
    since: ComparedWith | None = None
    content: Content | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Compared:
    """For a page: what to compare with, and what is different."""

    heading: str
    rows: list[Row]
    description: list[Piece]
    files: Files
    erased: bool
    changed: bool
    is_known: bool
    earlier: list[int]
    """Revisions that may be compared with."""
    revision: int
    """The one that is."""


async def changes_of(gateway: UserGateway, approval_id: str, since: str = "") -> Changes:
    """`since`: a revision as it stands in an address; anything else is answered as none."""
    path = f"/approvals/{segment(approval_id)}/changes"
    try:
        return Changes.model_validate(await gateway.get(path, since=since if since.isdecimal() else None))
    except GatewayProblem:
        return Changes(is_known=False)


def shown(changes: Changes, kinds: Kinds) -> Compared | None:
    """None where there is nothing earlier to compare with."""
    since, content = changes.since, changes.content
    if changes.is_known and since is None:
        return None
    return Compared(
        heading="" if since is None else _heading(since),
        rows=[] if content is None else [_row(change, content, kinds) for change in content.changes],
        description=[] if content is None else _excerpts(content.description),
        files=Files() if content is None else content.attachments,
        erased=since is not None and content is None,
        changed=content is not None and content.changed,
        is_known=changes.is_known,
        earlier=[number for number in changes.revisions if number < changes.revision],
        revision=0 if since is None or since.own else since.revision,
    )


def _heading(since: ComparedWith) -> str:
    at = formats.timestamp(since.at)
    if since.own:
        return gettext("Changed since you decided on revision %(n)s (%(at)s)") % {"n": since.revision, "at": at}
    return gettext("Changed since revision %(n)s (%(at)s)") % {"n": since.revision, "at": at}


def _row(change: Change, content: Content, kinds: Kinds) -> Row:
    place, _, name = change.pointer[1:].partition("/")
    before, after = content.before, content.after
    match place:
        case "kind":
            texts = words.kind_text(str(change.before)), words.kind_text(str(change.after))
            return Row(gettext("Kind"), *texts)
        case "amount":
            money = formats.money(change.before, before.currency), formats.money(change.after, after.currency)
            return Row(gettext("Amount"), *money)
        case "title":
            return Row(gettext("Title"), _plain(change.before), _plain(change.after))
        case "fields":
            field = field_named(kinds, name, (after.kind, before.kind))
            told = text_of(field, change.before, before.currency), text_of(field, change.after, after.currency)
            return Row(kind_words.label(name), *told)
        case _:
            return _row_of_customer(name, change)


def _row_of_customer(name: str, change: Change) -> Row:
    label, before = _text_of_customer(name, change.before)
    return Row(label, before, _text_of_customer(name, change.after)[1])


def _text_of_customer(name: str, value: Json) -> tuple[str, str]:
    """Label and text, as what was seen has them."""
    given: Json = {} if value is None else {name: value}
    facts = by_field(CustomerSeen.model_validate({"experience": {}} | given))
    return {to_camel(field): fact for field, fact in facts.items()}.get(name, (name, _plain(value)))


def _plain(value: Json) -> str:
    return formats.NOTHING if value in (None, "") else str(value)


def _excerpts(pieces: Sequence[Piece]) -> list[Piece]:
    """Of what stayed, only what stands beside a change."""
    last = len(pieces) - 1
    return [
        _excerpt(piece, CONTEXT * (position > 0), CONTEXT * (position < last)) if piece.edit == "SAME" else piece
        for position, piece in enumerate(pieces)
    ]


def _excerpt(piece: Piece, head: int, tail: int) -> Piece:
    if len(piece.text) <= 2 * CONTEXT:
        return piece
    kept = piece.text[:head] + "…" + piece.text[len(piece.text) - tail :]
    return piece.model_copy(update={"text": kept})
