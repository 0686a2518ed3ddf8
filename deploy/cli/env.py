"""`ringi env`: the environment of this state folder's run, for running single processes by hand."""

import shlex

from deploy.cli.target import state_folder_environment


def command() -> None:
    """Print the environment of the run as shell exports: eval $(ringi env)."""
    for name, value in state_folder_environment().items():
        print(f"export {name}={shlex.quote(value)};")  # noqa: T201 - for eval, not for reading
