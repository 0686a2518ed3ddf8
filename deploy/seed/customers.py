"""One customer with contact data, tags and an investment profile."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from deploy.seed import names
from deploy.seed.context import Person, SeedContext, acting
from services.contracts.states import (
    CustomerKind,
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
from services.customer.schemas import CustomerCreate, ProfileInput
from services.customer.service import editing

TAGS = ("NISA", "退職金", "相続", "事業承継", "外貨", "富裕層", "紹介", "セミナー参加", "オンライン", "休眠注意")
CORPORATE_SHARE = 0.3
WITH_PROFILE = 0.85
CLIENT_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Seeded:
    id: UUID
    name: str
    owner: Person
    since: datetime


async def acquire(context: SeedContext, owner: Person, since: datetime) -> Seeded:
    random = context.random
    identity = names.company(random) if random.random() < CORPORATE_SHARE else names.person(random)
    body = CustomerCreate(
        name=identity.name,
        name_kana=identity.kana,
        kind=CustomerKind.CORPORATE if identity.corporate else CustomerKind.INDIVIDUAL,
        email=f"{identity.mail_name}.{random.randrange(100_000):05}@mail.example",
        phone=names.phone(random, corporate=identity.corporate),
        birth_date=None if identity.corporate else _birth(random, since),
        occupation=identity.trade,
        relationship=Relationship.CLIENT if random.random() < CLIENT_SHARE else Relationship.PROSPECT,
        tags=random.sample(TAGS, k=random.randrange(0, 4)),
        profile=_profile(random) if random.random() < WITH_PROFILE else None,
    )
    async with context.work("customer") as uow:
        with acting(uow, owner, since):
            customer_id, _ = await editing.create(uow, context.users, owner.principal, body)
    return Seeded(customer_id, identity.name, owner, since)


def _birth(random: Random, since: datetime) -> date:
    age = min(94, max(22, round(random.gauss(58, 15))))
    return since.date() - timedelta(days=age * 365 + random.randrange(365))


def _profile(random: Random) -> ProfileInput:
    return ProfileInput(
        risk_tolerance=random.choices(list(RiskTolerance), weights=(2, 3, 5, 3, 1))[0],
        objectives=random.sample(list(Objective), k=random.randrange(1, 4)),
        experience={product: random.choice(list(Experience)) for product in Product},
        assets_band=random.choices(list(MoneyBand), weights=(2, 4, 6, 5, 4, 2, 1))[0],
        income_band=random.choices(list(MoneyBand), weights=(3, 6, 5, 2, 1, 0, 0))[0],
        horizon=random.choice(list(Horizon)),
        fund_source=random.choices(list(FundSource), weights=(4, 1))[0],
        investor_class=random.choices(list(InvestorClass), weights=(9, 1))[0],
    )
