"""`ringi keys`: keys and passwords of an installation made, shown by their fingerprints, and replaced in steps."""

import asyncio
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from deploy.cli.target import settings
from deploy.cli.terminal import console, fail
from deploy.databases.names import LOGINS
from deploy.keys.purposes import BY_NAME, FLEETING, PURPOSES
from deploy.keys.reseal import RESEALED, Resealing
from deploy.keys.rings import Step, StepRefusedError, new_key, stepped
from deploy.keys.stores import EnvFile, Folder, Store
from services.kit.db.database import Database
from services.kit.running.keyring import Keyring
from services.kit.running.settings import ServiceSettings
from services.kit.trust.crypto import SealBrokenError

FORMER: Final = "RINGI_SECRET_KEY"
"""The one key that versions before the purposes had for everything."""
SERVER_PASSWORD: Final = "POSTGRES_PASSWORD"  # noqa: S105 - the name of the variable of compose's own server
PASSWORD_BYTES: Final = 24

PurposeName = StrEnum("PurposeName", {name.upper(): name for name in BY_NAME})  # type: ignore[misc]
EnvFileOption = Annotated[Path | None, typer.Option("--env-file", help="A file of variables, as compose reads it.")]
FolderOption = Annotated[Path | None, typer.Option("--folder", help="A folder with a file for each secret.")]

app = typer.Typer(no_args_is_help=True, help="Keys: make, show by fingerprint, replace while everything runs.")


@app.callback()
def keys() -> None:
    """Keys: make, show by fingerprint, replace while everything runs."""


@app.command()
def generate(env_file: EnvFileOption = None, folder: FolderOption = None) -> None:
    """Make the keys and database passwords that are not there yet; print them where no place is named.

    An installation's former single key (RINGI_SECRET_KEY) is taken along: it opens what it sealed, and seals nothing.
    """
    store = _store(env_file, folder)
    former = store.get(FORMER) if store else os.environ.get(FORMER, "")
    made = {p.variable: new_key() + (f",{former}" if former and p.name not in FLEETING else "") for p in PURPOSES}
    made |= {variable: secrets.token_hex(PASSWORD_BYTES) for variable in (SERVER_PASSWORD, *LOGINS.values())}
    if store is None:
        for variable, value in made.items():
            print(f"{variable}={value}")  # noqa: T201 - for a file, not for reading
        return
    missing = [variable for variable in made if not store.get(variable)]
    for variable in missing:
        store.put(variable, made[variable])
    console().print(f"{len(missing)} made, {len(made) - len(missing)} were there.")


@app.command()
def show(env_file: EnvFileOption = None, folder: FolderOption = None) -> None:
    """Fingerprints of the keys of a place, or of this process's environment: no secret is printed."""
    store = _store(env_file, folder)
    table = Table("Purpose", "Seals and signs", "Opens only", "Who has them")
    for purpose in PURPOSES:
        text = store.get(purpose.variable) if store else os.environ.get(purpose.variable, "")
        newest, *others = Keyring(text).fingerprints() or ["—"]
        table.add_row(purpose.name, newest, " ".join(others), ", ".join(purpose.readers))
    console().print(table)


@app.command()
def rotate(
    purpose: Annotated[PurposeName, typer.Argument(help="Whose key is replaced.")],
    step: Annotated[Step, typer.Argument(help="In this order, with a restart of the readers after each.")],
    env_file: EnvFileOption = None,
    folder: FolderOption = None,
) -> None:
    """Take one of the three steps in which a key is replaced without downtime; say what comes next."""
    store, chosen = _store(env_file, folder), BY_NAME[str(purpose)]
    if store is None:
        fail("Say where the keys are.", "Name a place: --env-file .env, or --folder DIRECTORY")
    ring = store.get(chosen.variable).replace(",", " ").split()
    try:
        after = stepped(ring, step)
    except StepRefusedError as error:
        fail(f"{chosen.variable}: {error}.", "See which keys there are: ringi keys show")
    store.put(chosen.variable, ",".join(after))
    newest, *others = Keyring(" ".join(after)).fingerprints()
    out = console()
    out.print(f"{chosen.variable}: {newest} seals" + (f", {' '.join(others)} only opens." if others else "."))
    out.print(f"Restart, one after the other: {', '.join(chosen.readers)}.")
    match step:
        case Step.ADD:
            out.print(f"When all of them run with it: ringi keys rotate {chosen.name} use")
        case Step.USE:
            if chosen.keeps_data:
                out.print("Then seal what is stored with the new key: ringi keys reseal")
            out.print(f"The old key may go {chosen.until}: ringi keys rotate {chosen.name} drop")
        case Step.DROP:
            out.print("With that the key is replaced.")


@app.command()
def reseal() -> None:
    """Seal stored values with the newest keys: of those purposes whose keys and database the environment has."""
    target, out = settings(), console()
    for purpose, (service, work) in RESEALED.items():
        ring: Keyring = getattr(target, f"{purpose}_keys")
        if not ring or getattr(target, f"{service}_database_url") is None:
            out.print(f"· {purpose}: not in this environment")
            continue
        try:
            changed = asyncio.run(_reseal(target, service, ring, work))
        except SealBrokenError:
            fail(
                f"{purpose}: a stored value opens with none of the keys.",
                "Put the key that sealed it last in the ring.",
            )
        out.print(f"✓ {purpose}: {changed} sealed anew")


async def _reseal(target: ServiceSettings, service: str, ring: Keyring, work: Resealing) -> int:
    async with Database(target.database_url_for(service), name=service) as db:
        return await work(db, ring)


def _store(env_file: Path | None, folder: Path | None) -> Store | None:
    if env_file is not None and folder is not None:
        fail("Keys are kept in one place.", "Name --env-file or --folder, not both.")
    if env_file is not None:
        return EnvFile(env_file)
    return None if folder is None else Folder(folder)
