"""The `ringi` command."""

import importlib
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from deploy.cli.commands import COMMANDS
from services.kit.running.leaving import code_of, leave


class LazyGroup(TyperGroup):
    """Lists commands from the table; imports a command's module only when it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=lazy.help) for name, lazy in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, placeholder, rest = super().resolve_command(ctx, args)
        return name, placeholder if name is None else load(name), rest


def load(name: str) -> Any:
    """The real command behind a name."""
    lazy = COMMANDS[name]
    module = importlib.import_module(lazy.module)
    group = getattr(module, "app", None)
    if group is None:
        group = typer.Typer(add_completion=False)
        group.command(name=name, help=lazy.help)(module.command)
    command = typer.main.get_command(group)
    command.name = name
    return command


app = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True)


@app.callback()
def ringi() -> None:
    """Ringi CRM on this machine: run it, look at it, check it."""


def main() -> None:
    """Every command ends here: several speak to Temporal, and their exit code must be what they found."""
    try:
        app()
    except SystemExit as end:
        leave(code_of(end))


if __name__ == "__main__":
    main()
