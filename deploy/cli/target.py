"""Which running system a command speaks to: the one the environment names, else the one of the state folder."""

import os

from deploy.cli.terminal import fail, start_errors
from deploy.embedded.state.environment import owner_environment, ringi_environment
from deploy.embedded.state.home import Home, read_json
from deploy.embedded.state.ports import Ports
from deploy.embedded.state.secrets import Secrets
from services.kit.running.settings import ServiceSettings


def state_folder_environment(*, as_owner: bool = False) -> dict[str, str]:
    """The RINGI_ variables of the run in the state folder; ends the command where nothing was ever started there."""
    home = Home.from_environment()
    ports = read_json(home.state_file).get("ports")
    if ports is None or not home.secrets_file.exists():
        fail(f"Nothing was ever started in {home.path}.", "Start it once: make up, or ringi up --only infra")
    with start_errors():
        found, secrets = Ports(**ports), Secrets.load(home)
        variables = ringi_environment(home, found, secrets)
        return variables | owner_environment(found, secrets) if as_owner else variables


def settings() -> ServiceSettings:
    """Settings of the system that this command speaks to; the process's environment is completed for what it calls.

    The databases of a state folder are reached as their owner: commands migrate, mend and rebuild.
    """
    if "RINGI_TEMPORAL_ADDRESS" not in os.environ:
        os.environ.update(state_folder_environment(as_owner=True))
    return ServiceSettings()
