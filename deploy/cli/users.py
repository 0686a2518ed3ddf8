"""`ringi users`: what has to be done before anybody can sign in."""

import asyncio
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy.cli.target import settings
from deploy.cli.terminal import console, fail
from services.auth import commands
from services.kit.db.database import Database
from services.kit.errors import ProblemError, Text
from services.kit.running.settings import ServiceSettings

app = typer.Typer(no_args_is_help=True, help="Accounts, from the command line.")


@app.callback()
def users() -> None:
    """Accounts, from the command line."""


@app.command("create-admin")
def create_admin(
    email: Annotated[str, typer.Option(prompt=True, help="Address to sign in with.")],
    name: Annotated[str, typer.Option(prompt=True, help="Name that others see.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, envvar="RINGI_ADMIN_PASSWORD", show_envvar=True
        ),
    ],
) -> None:
    """Create an administrator: the first one of an installation, or another."""
    try:
        user_id = asyncio.run(_create(settings(), email, name, password))
    except ProblemError as error:
        reasons = "; ".join(f"{e.pointer} {_english(e.message)}" for e in error.errors)
        fail(f"{error.title.en}{f' ({reasons})' if reasons else ''}.", "Try again with other values.")
    except ValidationError as error:
        fail(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}.", "Try again with other values.")
    console().print(f"Administrator {email} created ({user_id}).")


async def _create(target: ServiceSettings, email: str, name: str, password: str) -> object:
    async with Database(target.database_url_for("auth"), name="auth") as db:
        return await commands.create_admin(db, email=email, name=name, password=password)


def _english(message: Text | str) -> str:
    return message.en if isinstance(message, Text) else message
