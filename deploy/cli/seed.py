"""`ringi seed`: more customers with a year of history; and the first data of an embedded run."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.target import settings
from deploy.cli.terminal import console, fail
from deploy.seed import people, run
from services.kit.errors import Text, Unprocessable


def command(
    customers: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many customers to add.")] = 1_000,
) -> None:
    """Add realistic customers with a year of history; the same number always makes the same ones."""
    target = settings()
    with Progress(TextColumn("customers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("customers", total=customers)
        try:
            asyncio.run(run.seed_customers(target, customers, lambda done, _: bar.update(task, completed=done)))
        except run.TeamMissingError:
            fail("There are no demo users in this system.", "They are made by the first make up in a state folder.")
    console().print(f"{customers} customers added; reports follow as the events are consumed.")


def seed_demo(report: Callable[[str], None]) -> None:
    """Demo users and demo data, into empty databases; the password of all is RINGI_DEMO_PASSWORD.

    Ends the process with a word for the person who chose a password that the sign-in refuses.
    """
    password = os.environ["RINGI_DEMO_PASSWORD"]
    try:
        people.check_password(password)
    except Unprocessable as error:
        [fault] = error.errors
        sys.exit(f"RINGI_DEMO_PASSWORD is refused: {_english(fault.message)}. Choose another one, or leave it unset.")
    asyncio.run(run.seed_demo(settings(), password, lambda done, total: report(f"customers {done}/{total}")))


def _english(message: Text | str) -> str:
    return message if isinstance(message, str) else message.en
