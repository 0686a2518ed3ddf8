"""A customer's meetings and tasks: held, done late or in time, planned, overdue."""

from datetime import datetime, timedelta

from deploy.seed.context import SeedContext, acting
from deploy.seed.customers import Seeded
from services.contracts.states import MeetingState, TaskPriority, TaskState
from services.kit.db.unit_of_work import UnitOfWork
from services.sales_activity.schemas import MeetingCreate, MeetingUpdate, TaskCreate
from services.sales_activity.service import meetings, tasks

SUBJECTS = ("定例面談", "新商品のご提案", "ポートフォリオ見直し", "相続のご相談", "決算後のご挨拶", "市場動向のご説明")
ERRANDS = (
    "資料送付",
    "見積り作成",
    "お礼の電話",
    "目論見書の交付",
    "適合性確認書の回収",
    "訪問日程の調整",
    "契約書の確認",
)
PLACES_OF_MEETING = ("本店応接室", "ご自宅", "先方本社", "オンライン", "支店相談窓口")
OUTCOMES = ("前向きにご検討いただく", "次回、具体案をご提示", "追加のご入金あり", "今回は見送り")
HELD_SHARE = 0.82
CANCELLED_SHARE = 0.08
DONE_SHARE = 0.8
LATE_SHARE = 0.2
HORIZON = timedelta(days=21)
"""How far ahead meetings and tasks are planned."""


async def keep_busy(context: SeedContext, customer: Seeded, now: datetime, amount: int) -> None:
    """`amount` meetings and as many tasks, spread from the day the customer came to three weeks from now."""
    span = now + HORIZON - customer.since
    async with context.work("sales_activity") as uow:
        for _ in range(amount):
            await _meeting(context, uow, customer, customer.since + span * context.random.random(), now)
            await _task(context, uow, customer, customer.since + span * context.random.random(), now)


async def _meeting(context: SeedContext, uow: UnitOfWork, customer: Seeded, when: datetime, now: datetime) -> None:
    random = context.random
    starts = when.replace(hour=random.randrange(0, 9), minute=random.choice((0, 30)), second=0, microsecond=0)
    booked = min(max(customer.since, starts - timedelta(days=random.randrange(1, 15))), now)
    fields = {
        "customer_id": customer.id,
        "title": random.choice(SUBJECTS),
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=1),
        "place": random.choice(PLACES_OF_MEETING),
    }
    owner = customer.owner
    with acting(uow, owner, booked):
        meeting = await meetings.create(uow, owner.principal, context.directory, MeetingCreate(**fields))
    ended = starts + timedelta(hours=1)
    if ended >= now:
        return
    fate = random.random()
    if fate > HELD_SHARE + CANCELLED_SHARE:
        return  # nobody wrote down what became of it
    held = fate <= HELD_SHARE
    change = MeetingUpdate(
        **fields,
        user_id=owner.id,
        outcome=random.choice(OUTCOMES) if held else None,
        state=MeetingState.HELD if held else MeetingState.CANCELLED,
    )
    with acting(uow, owner, max(ended, booked)):
        await meetings.update(uow, owner.principal, context.directory, meeting["id"], 1, change)


async def _task(context: SeedContext, uow: UnitOfWork, customer: Seeded, when: datetime, now: datetime) -> None:
    random = context.random
    due = when.replace(hour=8, minute=0, second=0, microsecond=0)
    made = min(max(customer.since, due - timedelta(days=random.randrange(2, 20))), now - timedelta(minutes=1))
    owner = customer.owner
    body = TaskCreate(
        customer_id=customer.id,
        title=random.choice(ERRANDS),
        priority=random.choices(list(TaskPriority), weights=(2, 6, 3, 1))[0],
        due_date=max(due, made + timedelta(hours=1)),
    )
    with acting(uow, owner, made):
        task = await tasks.create(uow, owner.principal, context.directory, body)
    if due >= now or random.random() > DONE_SHARE:
        return
    late = timedelta(days=random.randrange(1, 9)) if random.random() < LATE_SHARE else -timedelta(hours=3)
    done = min(max(made + timedelta(minutes=30), due + late), now - timedelta(minutes=1))
    with acting(uow, owner, done):
        await tasks.change_status(uow, owner.principal, context.directory, task["id"], None, TaskState.COMPLETED)
