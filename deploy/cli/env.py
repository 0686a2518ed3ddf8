"""`ringi env`: the environment of this state folder's run, for running single processes by hand."""

import shlex
from typing import Annotated

import typer

from deploy.cli.target import state_folder_environment


def command(
    example: Annotated[bool, typer.Option("--example", help="Print .env.example instead: every setting.")] = False,
) -> None:
    """Print the environment of the run as shell exports: eval $(ringi env)."""
    if example:
        from deploy.settings.example import example_file  # all settings classes: more than exports need

        print(example_file(), end="")  # noqa: T201 - for a file, not for reading
        return
    for name, value in state_folder_environment().items():
        print(f"export {name}={shlex.quote(value)};")  # noqa: T201 - for eval, not for reading
