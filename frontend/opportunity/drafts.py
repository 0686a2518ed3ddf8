"""The form of a request: what stands in it and what of it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from starlette.datastructures import FormData

from frontend.opportunity import words
from frontend.opportunity.views import Approval
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.customer_field import CustomerField
from frontend.ui.drafts import Draft
from frontend.ui.formats import YEN, money
from frontend.ui.gateway import Json
from frontend.ui.i18n import gettext

FIRST_KIND = "FEE_DISCOUNT"


@dataclass(slots=True)
class RequestDraft(Draft):
    """`amount` is as typed, in whole units of its currency. Who is asked is left to the policy, or to what the record
    says already: named approvers are no part of this form.
    """

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
            "amount": ["" if approval.amount is None else f"{approval.amount:,}"],
            "currency": [approval.currency],
            "title": [approval.title],
            "description": [approval.description or ""],
        }

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
        return not self.problems

    def _amount(self) -> int | None:
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
        return {
            "customerId": customer or None,
            "kind": self.get("kind") if "kind" in parts else before.kind,
            "title": self.get("title") if "title" in parts else before.title,
            "description": text if "description" in parts else before.description or "",
            "amount": amount,
            "currency": self.currency if "amount" in parts else before.currency,
        }

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
                return self.get(part)
