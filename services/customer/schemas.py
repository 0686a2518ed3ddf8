"""What clients send and get."""

import re
import unicodedata
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.states import (
    CustomerKind,
    CustomerState,
    Experience,
    FundSource,
    Horizon,
    InvestorClass,
    MoneyBand,
    Objective,
    Product,
    Relationship,
    RiskTolerance,
)
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit
from services.kit.models import CamelModel, QueryModel, ResponseModel, Version
from services.kit.running import clock, zone
from services.kit.text.cleaning import one_line
from services.kit.text.fields import Email, Line, Lines
from services.kit.text.folding import fold

EARLIEST_BIRTH = date(1870, 1, 1)
MAX_TAGS = 50
_DASHES: Final = re.compile("[‐‑‒–—―−ー─]")
_NUMBER: Final = re.compile(r"[0-9+()\-. ]{3,32}")


def _phone(value: str) -> str:
    """Digits and signs as they are dialled, whichever width and dash was typed: ０７５ー６５２ー１５３５."""
    number = _DASHES.sub("-", unicodedata.normalize("NFKC", one_line(value)))
    if _NUMBER.fullmatch(number) is None:
        raise PydanticCustomError("phone_format", "Value is not a phone number")
    return number


def _born(value: date) -> date:
    if not EARLIEST_BIRTH <= value <= zone.today():
        raise PydanticCustomError("birth_date_range", "Birth date is in the future or too long ago")
    return value


def _past(value: datetime) -> datetime:
    if value > clock.now():
        raise PydanticCustomError("reviewed_in_future", "A review can't be in the future")
    return value.astimezone(UTC)


def _unique(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _unlike(values: list[str]) -> list[str]:
    """The first of those that searches could not tell apart: ＶＩＰ and vip."""
    first: dict[str, str] = {}
    for value in values:
        first.setdefault(fold(value) or value, value)
    return list(first.values())


Name = Annotated[str, Line(200)]
Phone = Annotated[str, AfterValidator(_phone), WithJsonSchema({"type": "string", "minLength": 3, "maxLength": 32})]
Occupation = Annotated[str, Line(200, minimum=0)]
Notes = Annotated[str, Lines(10_000)]
Tag = Annotated[str, Line(50)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_unlike)]
BirthDate = Annotated[date, AfterValidator(_born)]


class ProfileInput(CamelModel):
    """An investment profile (投資プロファイル); what is left out is not answered yet.

    `reviewedAt`: when it was gone through with the customer, the present if left out.
    """

    risk_tolerance: RiskTolerance | None = None
    objectives: Annotated[list[Objective], Field(max_length=len(Objective)), AfterValidator(_unique)] = Field(
        default_factory=list
    )
    experience: dict[Product, Experience] = Field(default_factory=dict)
    assets_band: MoneyBand | None = None
    income_band: MoneyBand | None = None
    horizon: Horizon | None = None
    fund_source: FundSource | None = None
    investor_class: InvestorClass | None = None
    reviewed_at: Annotated[AwareDatetime, AfterValidator(_past)] | None = None


class CustomerCreate(CamelModel):
    """`assignedSalesId`: who is in charge; the caller if left out."""

    name: Name
    name_kana: Name | None = None
    kind: CustomerKind = CustomerKind.INDIVIDUAL
    email: Email | None = None
    phone: Phone | None = None
    birth_date: BirthDate | None = None
    occupation: Occupation | None = None
    relationship: Relationship = Relationship.PROSPECT
    assigned_sales_id: UUID | None = None
    tags: Tags = Field(default_factory=list)
    notes: Notes | None = None
    profile: ProfileInput | None = None


class CustomerUpdate(CamelModel):
    """Members that are left out keep their value, null clears one; a profile that is sent becomes a new version."""

    name: Name | None = None
    name_kana: Name | None = None
    kind: CustomerKind | None = None
    email: Email | None = None
    phone: Phone | None = None
    birth_date: BirthDate | None = None
    occupation: Occupation | None = None
    relationship: Relationship | None = None
    assigned_sales_id: UUID | None = None
    tags: Tags | None = None
    notes: Notes | None = None
    profile: ProfileInput | None = None

    @model_validator(mode="after")
    def _keep_what_is_required(self) -> Self:
        for name in ("name", "kind", "relationship", "assigned_sales_id", "tags", "profile"):
            if name in self.model_fields_set and getattr(self, name) is None:
                alias = type(self).model_fields[name].alias
                raise PydanticCustomError("not_clearable", "{member} can't be null", {"member": alias})
        return self


class Assignment(CamelModel):
    assigned_sales_id: UUID


class ProfileView(ResponseModel):
    risk_tolerance: RiskTolerance | None
    objectives: list[Objective]
    experience: dict[Product, Experience]
    assets_band: MoneyBand | None
    income_band: MoneyBand | None
    horizon: Horizon | None
    fund_source: FundSource | None
    investor_class: InvestorClass | None
    reviewed_at: datetime
    reviewed_by: UUID | None
    version: Version


class CustomerView(ResponseModel):
    id: UUID
    name: str
    name_kana: str | None
    kind: CustomerKind
    email: str | None
    phone: str | None
    birth_date: date | None
    occupation: str | None
    relationship: Relationship
    assigned_sales_id: UUID
    tags: list[str]
    notes: str | None
    profile: ProfileView | None
    state: CustomerState
    process_id: UUID | None = Field(description="The deletion or restoration that touched the customer last.")
    deleted_at: datetime | None
    version: Version
    created_at: datetime
    updated_at: datetime


class CustomerAction(StrEnum):
    CHANGE = "CHANGE"
    ASSIGN = "ASSIGN"
    DELETE = "DELETE"
    RESTORE = "RESTORE"


class CustomerDetail(CustomerView):
    allowed_actions: list[CustomerAction] = Field(
        description="What the caller may do with it as it is now; empty for who only reads it."
    )


class CustomerSort(StrEnum):
    CREATED_AT = "createdAt"
    CREATED_AT_DESC = "-createdAt"
    UPDATED_AT = "updatedAt"
    UPDATED_AT_DESC = "-updatedAt"
    NAME = "name"
    NAME_DESC = "-name"


SearchText = Annotated[str, Line(200)]


class CustomerFilters(QueryModel):
    """Filters combine with "and"; one that may be repeated matches any of its values."""

    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None
    sort: CustomerSort = Field(CustomerSort.CREATED_AT_DESC, description="`name` sorts by kana.")
    q: SearchText | None = Field(
        None, description="Words in name, kana, email, phone or tags; a single one is looked for in names."
    )
    name: SearchText | None = Field(None, description="Part of the name or its kana.")
    email: SearchText | None = None
    phone: SearchText | None = Field(None, description="Part of the number; dashes don't matter.")
    tag: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list, description="All of these tags.")
    assigned_sales_id: UUID | None = None
    team_of: UUID | None = Field(None, description="Only customers of this user and of everybody who reports to them.")
    kind: CustomerKind | None = None
    relationship: Annotated[list[Relationship], Field(max_length=5)] = Field(default_factory=list)
    state: Annotated[list[CustomerState], Field(max_length=6)] = Field(
        default_factory=list, description="DELETED shows the recycle bin, to whoever may look into it."
    )
    created_after: zone.LocalTime | None = None
    created_before: zone.LocalTime | None = None
    risk: Annotated[list[RiskTolerance], Field(max_length=5)] = Field(default_factory=list)
    assets: Annotated[list[MoneyBand], Field(max_length=7)] = Field(default_factory=list)


class PreviewItem(ResponseModel):
    kind: str
    count: int


class DeletionPreview(ResponseModel):
    """What a deletion would hide, hold or cancel."""

    customer_id: UUID
    items: list[PreviewItem]
    total: int
