"""The form of a request: what stands in it and what of it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

from starlette.datastructures import FormData

from frontend.opportunity import words
from frontend.opportunity.kinds.definitions import KindField, Kinds, part_of
from frontend.opportunity.kinds.inputs import ValueRefused, typed, value_of
from frontend.opportunity.kinds.table import text_of
from frontend.opportunity.views import Approval
from frontend.ui import kind_words
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.customer_field import CustomerField
from frontend.ui.drafts import Draft
from frontend.ui.formats import YEN, Amount, figures, money
from frontend.ui.gateway import Json
from frontend.ui.i18n import gettext

FIRST_KIND = "FEE_DISCOUNT"


@dataclass(slots=True)
class RequestDraft(Draft):
    """`amount` is as typed, in its currency. Who is asked is left to the policy, or to what the record
    says already: named approvers are no part of this form.

    Each kind has inputs of its own (`draft_for`): what was typed for one kind stays while another is looked at, and
    only what belongs to the chosen one is sent.
    """

    KINDS: ClassVar[Kinds] = Kinds()

    PARTS: ClassVar = {
        "customer": ("customer",),
        "kind": ("kind",),
        "amount": ("amount", "currency"),
        "title": ("title",),
        "description": ("description",),
    }
    TEXTS: ClassVar = frozenset({"description"})
    PLACES: ClassVar = {"customerId": "customer"}

    previous_id: str = ""

    @classmethod
    def from_form(cls, form: FormData) -> Self:
        draft = super(RequestDraft, cls).from_form(form)
        draft.previous_id = str(form.get("previous_id", "")).strip()
        return draft

    @classmethod
    def blank(cls) -> Self:
        return cls(inputs={"kind": (FIRST_KIND,)})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        approval = Approval.model_validate(record)
        return {
            "customer": [CustomerField(approval.customer_id or "", approval.customer_name or "").value],
            "kind": [approval.kind],
            "amount": ["" if approval.amount is None else figures(approval.amount, approval.currency)],
            "currency": [approval.currency],
            "title": [approval.title],
            "description": [approval.description or ""],
            **cls._rendered_fields(approval),
        }

    @classmethod
    def _rendered_fields(cls, approval: Approval) -> dict[str, list[str]]:
        return {
            part_of(kind, field): [
                typed(field, approval.fields.get(field.name), approval.currency) if kind == approval.kind else ""
            ]
            for kind, fields in cls.KINDS.by_kind.items()
            for field in fields
        }

    @property
    def kind(self) -> str:
        return self.get("kind") or FIRST_KIND

    @property
    def touched(self) -> Set[str]:
        """Who changed what the kind asks for, meant it for this kind."""
        found = super(RequestDraft, self).touched
        asked = {part_of(self.kind, field) for field in self.KINDS.of(self.kind)}
        return found | {"kind"} if found & asked else found

    @property
    def currency(self) -> str:
        return self.get("currency") or YEN

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        if "title" in self.checked and not self.get("title"):
            self.problems["title"] = gettext("Give the request a title.")
        if "amount" in self.checked and self.get("amount"):
            try:
                parse_amount(self.get("amount"), self.currency)
            except AmountRefused as refused:
                self.problems["amount"] = str(refused)
        for field in self._asked():
            part = part_of(self.kind, field)
            if part in self.checked:
                try:
                    value_of(field, self.get(part), self.currency)
                except ValueRefused as refused:
                    self.problems[part] = str(refused)
        return not self.problems

    def _asked(self) -> list[KindField]:
        """The fields of the chosen kind, but for those that another choice would ask for."""
        fields = self.KINDS.of(self.kind)
        chosen = {field.name: self.get(part_of(self.kind, field)) for field in fields}
        return [field for field in fields if field.is_asked(chosen)]

    def place_of(self, name: str) -> str:
        field = next((field for field in self.KINDS.of(self.kind) if field.name == name), None)
        return super(RequestDraft, self).place_of(name) if field is None else part_of(self.kind, field)

    def _amount(self) -> Amount | None:
        """None for none, and for what is no amount."""
        try:
            return parse_amount(self.get("amount"), self.currency) if self.get("amount") else None
        except AmountRefused:
            return None

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """As the API takes it: the content whole. Approvers who are not named stay as they are."""
        before = Approval.model_validate(record) if record else Approval(id="", kind=FIRST_KIND)
        customer = CustomerField.parse(self.get("customer")).id if "customer" in parts else before.customer_id
        amount = self._amount() if "amount" in parts else before.amount
        text = self.get("description")
        kind = self.get("kind") if "kind" in parts else before.kind
        content = {
            "customerId": customer or None,
            "kind": kind,
            "title": self.get("title") if "title" in parts else before.title,
            "description": text if "description" in parts else before.description or "",
            "amount": amount,
            "currency": self.currency if "amount" in parts else before.currency,
        }
        return content | {"fields": self._fields(parts, before, kind)}

    def _fields(self, parts: Set[str], before: Approval, kind: str) -> Json:
        """What the kind asks for: of the same kind, what was changed; of another, what stands in its inputs."""
        kept = before.fields if kind == before.kind else {}
        known = {field.name for field in self.KINDS.of(kind)}
        given = {name: value for name, value in kept.items() if name not in known}
        for field in self.KINDS.of(kind):
            part = part_of(kind, field)
            value = self._value(field, part) if part in parts or kind != before.kind else kept.get(field.name)
            if value is not None and field.is_asked(given):
                given[field.name] = value
        return given

    def _value(self, field: KindField, part: str) -> Json:
        """None for none, and for what is no value of the field."""
        try:
            return value_of(field, self.get(part), self.currency)
        except ValueRefused:
            return None

    def shown(self, part: str) -> str:
        """A part as a person reads it."""
        match part:
            case "customer":
                return CustomerField.parse(self.get(part)).name
            case "kind":
                return words.kind_text(self.get(part))
            case "amount":
                amount = self._amount()
                return self.get(part) if amount is None else money(amount, self.currency)
            case _:
                return self._shown_field(part) or self.get(part)

    def labels(self) -> dict[str, str]:
        """Of the parts, for people."""
        own = {part: kind_words.label(field.name) for part, field in self.KINDS.parts.items()}
        return words.fields(self.currency) | own

    def _shown_field(self, part: str) -> str:
        field = self.KINDS.parts.get(part)
        value = None if field is None else self._value(field, part)
        return "" if value is None else text_of(field, value, self.currency)


@lru_cache(maxsize=4)
def draft_for(kinds: Kinds) -> type[RequestDraft]:
    """The form with an input for each field of each of these kinds."""
    parts = {part: (part,) for part in kinds.parts}

    class KindsDraft(RequestDraft):
        __slots__ = ()
        PARTS: ClassVar = {
            name: inputs
            for part, names in RequestDraft.PARTS.items()
            for name, inputs in ({part: names} | (parts if part == "amount" else {})).items()
        }
        KINDS: ClassVar = kinds

    return KindsDraft
