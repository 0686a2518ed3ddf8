"""The compose file's own services as processes of this machine: the commands, environments and health checks that
docker-compose.yml states, from the files that the image recipe copies. Only addresses and ports differ."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from frontend.ui.build import BUILD_FOLDER, build
from tests.support.ports import free_ports
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually_sync

ROOT = Path(__file__).parents[2]
IMAGE = "ringi-crm"
CONTAINER_PORTS = {"RINGI_WORKER_METRICS_PORT": 9000}
"""Of containers that have no other port."""
METRICS_PORTS = ("RINGI_METRICS_PORT", "RINGI_TEMPORAL_METRICS_PORT")
"""Those beside it."""
WEB_PORT = 8000
START_SECONDS = 180
"""For one container, with sixteen others starting on the same two cores."""
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
ADDRESS = re.compile(r"(?<![\w.-])[a-z][a-z0-9-]*:\d+(?![\w.])")
COPIED = re.compile(r"^COPY (?!--from)(\S+(?: \S+)*) (\S+)$", re.MULTILINE)
LOOPBACK = "127.0.0.1"
ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - what containers listen on; here it is replaced

Document = dict[str, Any]


def read_compose(values: Mapping[str, str]) -> Document:
    """docker-compose.yml with its variables filled in. Raises KeyError for a required one without a value."""

    def fill(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        return values.get(name, default) if kind == "-" else values[name]

    document: Document = yaml.safe_load(VARIABLE.sub(fill, (ROOT / "docker-compose.yml").read_text()))
    return document


def lay_out_image(folder: Path) -> Path:
    """What the image has below /app: the files that its recipe copies, and the browser's files, built."""
    build()
    for sources, target in COPIED.findall((ROOT / "deploy/images/Dockerfile").read_text()):
        for source in sources.split():
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, folder / target, ignore=ignored, dirs_exist_ok=True)
            else:
                destination = folder / target / Path(source).name if target.endswith("/") else folder / target
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, destination)
    shutil.copytree(BUILD_FOLDER, folder / BUILD_FOLDER.relative_to(ROOT), dirs_exist_ok=True)
    return folder


@dataclass
class Containers:
    """The own services of the compose file. `infrastructure`: what "postgres:5432" and so on are here."""

    image: Path
    state: Path
    infrastructure: dict[str, str]
    values: dict[str, str]
    processes: dict[str, ServerProcess] = field(default_factory=dict)

    def __post_init__(self) -> None:
        services = read_compose(self.values | {"RINGI_PUBLIC_URL": ""})["services"]
        names = [name for name, service in services.items() if service["image"].startswith(IMAGE)]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.url = f"http://localhost:{self.ports['shell']}"
        document = read_compose(self.values | {"RINGI_PUBLIC_URL": self.url})
        self.services: Document = {name: document["services"][name] for name in names}
        beside = [(n, port) for n in names for port in METRICS_PORTS if port in self.services[n]["environment"]]
        self.metrics_ports = dict(zip(beside, free_ports(len(beside)), strict=True))
        """By service and variable."""

    def command(self, name: str) -> list[str]:
        """The container's command with the programs of this environment, listening on its port here."""
        return [self._here(name, argument) for argument in self.services[name]["command"]]

    def environment(self, name: str) -> dict[str, str]:
        """The container's environment and nothing of this process's own but where programs and libraries are."""
        service = self.services[name]
        stated = {
            key: self._address("" if value is None else str(value)) for key, value in service["environment"].items()
        }
        for variable in CONTAINER_PORTS.keys() & stated.keys():
            stated[variable] = str(self.ports[name])
        for variable in set(METRICS_PORTS) & stated.keys():
            stated[variable] = str(self.metrics_ports[name, variable])
        for volume in service.get("volumes", []):
            folder = self.state / volume.split(":")[0]
            folder.mkdir(parents=True, exist_ok=True)
            stated = {key: _inside(value, volume.split(":")[1], folder) for key, value in stated.items()}
        image = {"PYTHONPATH": str(self.image), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        return {"PATH": os.environ["PATH"], "HOME": str(self.state), **image, **stated}

    def run(self, name: str, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command in a container of this service, as `docker compose run` would."""
        return subprocess.run(
            [self._here(name, argument) for argument in command] or self.command(name),
            env=self.environment(name) | variables,
            cwd=self.image,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def start(self) -> None:
        """All services, each when what it depends on has completed or is healthy."""
        completed: set[str] = set()
        waiting = dict(self.services)
        while waiting:
            ready = [name for name, service in waiting.items() if self._may_start(service, completed)]
            assert ready, f"{sorted(waiting)} wait for each other"
            for name in ready:
                del waiting[name]
                if self.services[name]["restart"] == "no":
                    done = self.run(name)
                    assert done.returncode == 0, done.stdout + done.stderr
                    completed.add(name)
                else:
                    self.processes[name] = self._start(name)
        for name in self.processes:
            self.await_healthy(name)

    def _may_start(self, service: Document, completed: set[str]) -> bool:
        needed = [other for other in service.get("depends_on", {}) if other in self.services]
        if not all(other in completed or other in self.processes for other in needed):
            return False
        for other in needed:
            if other in self.processes:
                self.await_healthy(other)
        return True

    def _start(self, name: str) -> ServerProcess:
        log = self.state / f"{name}.log"
        return ServerProcess(self.command(name), log=log, env=self.environment(name), inherit=False)

    def await_healthy(self, name: str) -> None:
        """Until the service's own health check passes."""
        eventually_sync(lambda: self._is_healthy(name), within=START_SECONDS, what=f"{name} is healthy")

    def _is_healthy(self, name: str) -> bool:
        self.processes[name].check()
        program, *arguments = self.services[name]["healthcheck"]["test"][1:]
        return self.run(name, program, *arguments).returncode == 0

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()

    def _address(self, value: str) -> str:
        """Names of containers resolve to this machine, ports to those here; a name that nothing has is an error."""
        known = self.infrastructure | {f"{name}:{WEB_PORT}": f"{LOOPBACK}:{port}" for name, port in self.ports.items()}

        def here(match: re.Match[str]) -> str:
            written = match[0]
            return written if written.startswith("localhost:") else known[written]

        return ADDRESS.sub(here, value)

    def _here(self, name: str, argument: str) -> str:
        if argument == "python":
            return sys.executable
        argument = argument.replace(ALL_INTERFACES, LOOPBACK)
        for port in (WEB_PORT, *CONTAINER_PORTS.values()):
            argument = re.sub(rf"(?<!\d){port}(?!\d)", str(self.ports[name]), argument)
        return argument


@contextlib.contextmanager
def running_containers(
    image: Path, state: Path, infrastructure: dict[str, str], values: dict[str, str]
) -> Iterator[Containers]:
    containers = Containers(image, state, infrastructure, values)
    try:
        containers.start()
        yield containers
    finally:
        containers.stop()


def _inside(value: str, mount: str, folder: Path) -> str:
    """A path below a volume's mount as the one below its folder here; any other value as it is."""
    return f"{folder}{value.removeprefix(mount)}" if value == mount or value.startswith(f"{mount}/") else value
