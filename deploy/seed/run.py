"""What is seeded: the team, customers with a year behind them, and an inbox worth opening."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from deploy.seed import approvals, people
from deploy.seed.activities import keep_busy
from deploy.seed.context import SeedContext, open_context
from deploy.seed.customers import Seeded, acquire
from deploy.seed.team import COLLEAGUES, DEMO_USERS, SALES
from services.kit.running import clock
from services.kit.running.settings import ServiceSettings

DEMO_SEED: Final = 20261008
DEMO_CUSTOMERS: Final = 60
YEAR: Final = timedelta(days=365)
ACTIVITIES_A_CUSTOMER: Final = 4
APPROVAL_SHARE: Final = 0.9
"""Requests of the past per customer."""
WEEKS_WITH_DECISIONS: Final = 8
"""As many weeks as the inbox's chart shows."""
DECISIONS_A_WEEK: Final = range(9, 16)

Report = Callable[[int, int], None]
"""Customers done, and customers in all."""


class TeamMissingError(RuntimeError):
    """More customers were asked for before the demo users were made."""


async def seed_demo(settings: ServiceSettings, password: str, report: Report) -> None:
    """The demo users and their world, into empty databases."""
    async with open_context(settings, DEMO_SEED) as context:
        now = clock.now()
        await people.hire(context, DEMO_USERS + COLLEAGUES, password, now - YEAR - timedelta(days=30))
        customers = await _past(context, DEMO_CUSTOMERS, now, report)
        await _recent_weeks(context, customers, now)
        await _inbox(context, customers, now)
        await _settle(context)


async def seed_customers(settings: ServiceSettings, number: int, report: Report) -> None:
    """`number` more customers, each with a year of history. Raises TeamMissingError without the demo users."""
    async with open_context(settings, DEMO_SEED + number) as context:
        if not await people.meet(context, DEMO_USERS + COLLEAGUES):
            raise TeamMissingError
        await _past(context, number, clock.now(), report)
        await _settle(context)


async def _past(context: SeedContext, number: int, now: datetime, report: Report) -> list[Seeded]:
    """Customers first, as their copies are spread together; then what was done for each."""
    random = context.random
    customers = []
    for index in range(number):
        owner = context.people[SALES[index % len(SALES)]]
        customers.append(await acquire(context, owner, now - YEAR * random.random()))
    await context.spread_copies()
    approvers = [context.people[login] for login in ("approver", "approver2", "shimizu")]
    for done, customer in enumerate(customers, start=1):
        await keep_busy(context, customer, now, ACTIVITIES_A_CUSTOMER)
        latest = now - timedelta(days=6)
        if customer.since < latest and random.random() < APPROVAL_SHARE:
            at = customer.since + (latest - customer.since) * random.random()
            await approvals.decided(context, customer, random.choice(approvers), at)
        report(done, number)
    return customers


async def _recent_weeks(context: SeedContext, customers: list[Seeded], now: datetime) -> None:
    """Busy weeks, so that the charts of inbox and reports have something to tell."""
    random = context.random
    approvers = [context.people[login] for login in ("approver", "approver", "approver2")]
    for week in range(WEEKS_WITH_DECISIONS, 0, -1):
        for _ in range(random.choice(DECISIONS_A_WEEK)):
            at = now - timedelta(weeks=week) + timedelta(days=4.5 * random.random())
            known = [customer for customer in customers if customer.since < at]
            await approvals.decided(context, random.choice(known), random.choice(approvers), at)


async def _inbox(context: SeedContext, customers: list[Seeded], now: datetime) -> None:
    """Twelve requests that wait for `approver`, some for `approver2`, one given back to `rep`."""
    approver, second = context.people["approver"], context.people["approver2"]
    for index, matter in enumerate(approvals.MATTERS):
        customer = customers[(index * 5 + 1) % len(customers)]
        at = max(customer.since, now - timedelta(hours=2 + 5 * index))
        route = [approver, second] if index % 3 == 0 else [approver]
        await approvals.waiting(context, customer, matter, route, at)
    own = [customer for customer in customers if customer.owner is context.people["rep"]]
    await approvals.waiting(context, own[0], approvals.MATTERS[1], [second], now - timedelta(hours=3))
    await approvals.waiting(context, own[1], approvals.MATTERS[6], [second], now - timedelta(hours=26))
    await approvals.returned(context, own[2], approvals.MATTERS[5], approver, now - timedelta(hours=20))


async def _settle(context: SeedContext) -> None:
    """Intents of what has ended by now: a workflow started for it would look at its row and end at once."""
    async with context.work("opportunity") as uow:
        await uow.execute(
            "DELETE FROM intents i USING approvals a WHERE i.delivered_at IS NULL AND i.workflow_id ="
            " 'approval:' || a.id || ':' || a.generation"
            " AND a.state IN ('APPROVED', 'REJECTED', 'RECALLED', 'CANCELLED')"
        )
    async with context.work("sales_activity") as uow:
        await uow.execute(
            "DELETE FROM intents i USING tasks t WHERE i.delivered_at IS NULL"
            " AND i.workflow_id = 'task-due:' || t.id AND NOT (t.timed AND t.deleted_at IS NULL)"
        )
