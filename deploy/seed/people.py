"""Hire the team: the demo users, and colleagues for a past."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from deploy.seed.context import Person, SeedContext, acting, principal
from deploy.seed.team import COLLEAGUES, DEMO_USERS, Member
from services.auth.passwords import check_strength, hash_password
from services.auth.schemas import NewUser
from services.auth.service import users


def check_password(password: str) -> None:
    """Raises Unprocessable where one of the accounts could not be made with it, before any is."""
    for member in (*DEMO_USERS, *COLLEAGUES):
        check_strength(password, pointer="/password", email=member.email, name=member.name)


async def hire(context: SeedContext, members: Sequence[Member], password: str, since: datetime) -> None:
    """Create the accounts, managers before those who report to them."""
    hashes = [await asyncio.to_thread(hash_password, password) for _ in members]
    async with context.work("auth") as uow:
        for member, password_hash in zip(members, hashes, strict=True):
            with acting(uow, None, since):
                manager = None if member.manager is None else context.people[member.manager].id
                account = NewUser(
                    email=member.email,
                    name=member.name,
                    password=password,
                    roles=list(member.roles),
                    manager_id=manager,
                )
                users.check_password(account)
                user = await users.create(uow, account, password_hash)
            context.people[member.login] = Person(user.id, member.name, principal(user.id, frozenset(member.roles)))
    await context.spread_copies()


async def meet(context: SeedContext, members: Sequence[Member]) -> bool:
    """Find the accounts that an earlier seeding made; False if one of them is not there."""
    async with context.databases["auth"].reader() as reader:
        for member in members:
            row = await reader.one("SELECT id, name, roles FROM users WHERE email = %s", [member.email])
            if row is None:
                return False
            context.people[member.login] = Person(row["id"], row["name"], principal(row["id"], frozenset(row["roles"])))
    return True
