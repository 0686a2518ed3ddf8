"""What is different between two looks at one request: a pure function of what was seen then and what is there now."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic.alias_generators import to_camel

from services.contracts.money import to_json
from services.kit.text.differences import pieces
from services.opportunity.kinds import FIELDS, FieldType
from services.opportunity.schemas.changes import AttachmentChanges, Change, ContentChanges, Side, TextPiece
from services.opportunity.schemas.evidence import CustomerSeen, RequestSeen

_CUSTOMER_FACTS: Final = tuple(
    name for name in CustomerSeen.model_fields if name not in {"assigned_sales_id", "assets_share"}
)
"""Who looks after the customer is told by name; the share of the assets follows from the amount and their band."""
_LATER_FACTS: Final = frozenset({"income_band", "objectives", "experience", "horizon", "fund_source", "investor_class"})
"""What was not known here at first can't be told to have changed since."""


def compared(before: RequestSeen, after: RequestSeen) -> ContentChanges:
    changes = [*_of_request(before, after), *_of_customer(before, after)]
    description = [] if before.description == after.description else pieces(before.description, after.description)
    kept = {file.id for file in before.attachments} & {file.id for file in after.attachments}
    attachments = AttachmentChanges(
        added=[file for file in after.attachments if file.id not in kept],
        removed=[file for file in before.attachments if file.id not in kept],
    )
    return ContentChanges(
        before=Side(kind=before.kind, currency=before.currency),
        after=Side(kind=after.kind, currency=after.currency),
        changes=changes,
        description=[TextPiece(edit=piece.edit, text=piece.text) for piece in description],
        attachments=attachments,
        changed=bool(changes or description or attachments.added or attachments.removed),
    )


def _of_request(before: RequestSeen, after: RequestSeen) -> Iterator[Change]:
    if before.kind is not after.kind:
        yield Change(pointer="/kind", before=before.kind, after=after.kind)
    if _money(before, before.amount) != _money(after, after.amount):
        yield Change(pointer="/amount", before=to_json(before.amount), after=to_json(after.amount))
    if before.title != after.title:
        yield Change(pointer="/title", before=before.title, after=after.title)
    yield from _of_fields(before, after)


def _of_fields(before: RequestSeen, after: RequestSeen) -> Iterator[Change]:
    """Of both kinds, in the order of the form; then what was kept when a kind asked for something else."""
    asked = {field.name: field.value_type for side in (before, after) for field in FIELDS[side.kind]}
    for name in dict.fromkeys((*asked, *before.fields, *after.fields)):
        old, new = before.fields.get(name), after.fields.get(name)
        is_money = asked.get(name) is FieldType.MONEY
        if (_money(before, old) != _money(after, new)) if is_money else (old != new):
            yield Change(pointer=f"/fields/{name}", before=old, after=new)


def _money(side: RequestSeen, amount: Any) -> tuple[Any, str] | None:
    return None if amount is None else (amount, side.currency)


def _of_customer(before: RequestSeen, after: RequestSeen) -> Iterator[Change]:
    """Of another customer only who it is: their facts have no before."""
    names = _CUSTOMER_FACTS if before.customer_id == after.customer_id else ("name",)
    told = all(side.customer is not None and side.customer.experience is not None for side in (before, after))
    for name in names:
        if name in _LATER_FACTS and not told:
            continue
        old, new = getattr(before.customer, name, None), getattr(after.customer, name, None)
        if old != new:
            yield Change(pointer=f"/customer/{to_camel(name)}", before=old, after=new)
