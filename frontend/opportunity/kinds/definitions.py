"""The definitions of kinds as the API gives them, read now and then."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from frontend.ui.gateway import GatewayProblem, UserGateway
from frontend.ui.page import Page
from frontend.ui.views import View

KEPT_SECONDS = 300
"""Definitions change when the service is replaced by another version."""


class Bounds(View):
    minimum: int | str | None = None
    maximum: int | str | None = None
    decimals: int | None = None
    max_length: int | None = None


class Compared(View):
    """An earlier field that this one has to go with."""

    field: str
    rule: str = ""


class Condition(View):
    field: str
    value: str


class KindField(View):
    name: str
    type: str
    required: bool = False
    choices: list[str] | None = None
    bounds: Bounds = Field(default_factory=Bounds)
    compared: Compared | None = None
    only_if: Condition | None = None

    def is_asked(self, given: Mapping[str, object]) -> bool:
        """Whether it belongs to a request with these other values."""
        return self.only_if is None or given.get(self.only_if.field) == self.only_if.value


class Kind(View):
    kind: str
    fields: list[KindField] = Field(default_factory=list)


class _Kinds(View):
    items: list[Kind] = Field(default_factory=list)


def part_of(kind: str, field: KindField) -> str:
    """The part of a form, and its input: each kind has its own."""
    return f"{kind}.{field.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Of one reading; compared by identity, so that what is made from it can be kept beside it."""

    by_kind: Mapping[str, Sequence[KindField]] = field(default_factory=dict)

    def of(self, kind: str) -> Sequence[KindField]:
        """Empty for a kind that is unknown."""
        return self.by_kind.get(kind, ())

    @property
    def parts(self) -> dict[str, KindField]:
        """All fields of all kinds by their parts of the form."""
        return {part_of(kind, field): field for kind, fields in self.by_kind.items() for field in fields}


@dataclass(slots=True)
class Catalogue:
    """The definitions that a remote has read last."""

    kinds: Kinds | None = None
    read_at: float = 0.0

    async def read(self, gateway: UserGateway) -> Kinds:
        """Raises GatewayProblem when they can't be read and never were."""
        if self.kinds is not None and time.monotonic() - self.read_at < KEPT_SECONDS:
            return self.kinds
        try:
            found = _Kinds.model_validate(await gateway.get("/approvals/kinds"))
        except GatewayProblem:
            if self.kinds is None:
                raise
            return self.kinds
        self.kinds, self.read_at = Kinds({item.kind: tuple(item.fields) for item in found.items}), time.monotonic()
        return self.kinds


async def kinds_for_form(page: Page) -> Kinds:
    """Raises GatewayProblem: a form without what the kind asks for could not be submitted."""
    catalogue: Catalogue = page.request.app.state.kinds
    return await catalogue.read(page.gateway)


async def kinds_for_reading(page: Page) -> Kinds:
    """Without definitions values are still shown, as the API calls them."""
    try:
        return await kinds_for_form(page)
    except GatewayProblem:
        return Kinds()
