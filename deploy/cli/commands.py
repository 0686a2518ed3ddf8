"""The commands of `ringi`: name, the module that has it, and its line in `ringi --help`.

A module offers `command` (a function with Typer's annotations) or `app` (a `typer.Typer` with commands of its own).
It is imported only when its command is called, so that `ringi --help` answers at once.
"""

from typing import NamedTuple


class LazyCommand(NamedTuple):
    module: str
    help: str


COMMANDS: dict[str, LazyCommand] = {
    "up": LazyCommand("deploy.cli.up", "Start everything on this machine and stay until Ctrl-C."),
    "down": LazyCommand("deploy.cli.down", "Stop a run that was started with --detach (or in another terminal)."),
    "reset": LazyCommand("deploy.cli.reset", "Delete the state folder: databases, processes, logs, secrets."),
    "status": LazyCommand("deploy.cli.status", "What runs, since when, how well, and in how much memory."),
    "doctor": LazyCommand("deploy.cli.doctor", "Check this machine and the running parts; say what to mend."),
    "seed": LazyCommand("deploy.cli.seed", "Add realistic customers with a year of history."),
    "demo": LazyCommand("deploy.cli.demo", "Run the demo's scenarios against the running system, then verify."),
    "verify": LazyCommand("deploy.cli.verify", "Hold the invariants against a running system; reads only."),
    "audit": LazyCommand(
        "deploy.cli.audit", "Verify a dossier that was taken away; offline, without a running system."
    ),
    "users": LazyCommand("deploy.cli.users", "Accounts: create-admin makes the first administrator."),
    "events": LazyCommand("deploy.cli.events", "Follow events, lag and dead letters; redrive; rebuild read models."),
    "migrate": LazyCommand("deploy.cli.migrate", "Migrate the databases; register Temporal's search attributes."),
    "roles": LazyCommand("deploy.cli.roles", "Make databases and their roles; set passwords. Safe to repeat."),
    "keys": LazyCommand("deploy.cli.keys", "Keys: make, show by fingerprint, replace while everything runs."),
    "env": LazyCommand("deploy.cli.env", "Print the environment of the run as shell exports: eval $(ringi env)."),
}
