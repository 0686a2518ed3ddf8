"""The one place where the environment of the embedded run's processes is put together."""

import os
from collections.abc import Mapping

from deploy.databases.names import ADMIN_URL, LOGINS, MIGRATOR, SERVICES, database_name
from deploy.embedded.state.home import Home
from deploy.embedded.state.ports import LOOPBACK, Ports
from deploy.embedded.state.secrets import Secrets
from deploy.keys.purposes import BY_NAME
from services.kit.db.grants import role_of

SUPERUSER = "postgres"


def admin_database_url(ports: Ports, secrets: Secrets) -> str:
    """The superuser's URL: for making databases and for `ringi doctor`, never handed to a service."""
    return f"postgresql://{SUPERUSER}:{secrets.postgres_password}@{LOOPBACK}:{ports.postgres}/postgres"


def _database_url(ports: Ports, secrets: Secrets, service: str, role: str) -> str:
    return f"postgresql://{role}:{secrets.roles[role]}@{LOOPBACK}:{ports.postgres}/{database_name(service)}"


def owner_environment(ports: Ports, secrets: Secrets) -> dict[str, str]:
    """Databases as who migrates and mends reaches them; services have less."""
    return {f"RINGI_{name.upper()}_DATABASE_URL": _database_url(ports, secrets, name, MIGRATOR) for name in SERVICES}


def job_environment(
    variables: Mapping[str, str], ports: Ports, secrets: Secrets, environ: Mapping[str, str]
) -> dict[str, str]:
    """The environment of migrating and seeding: a process's, and the right to make databases and roles."""
    administration = {ADMIN_URL: admin_database_url(ports, secrets)}
    administration |= {variable: secrets.roles[role] for role, variable in LOGINS.items()}
    return process_environment({**variables, **owner_environment(ports, secrets), **administration}, environ)


def ringi_environment(
    home: Home, ports: Ports, secrets: Secrets, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Every RINGI_ variable that a process of the embedded run needs, by its name."""
    web = f"http://{LOOPBACK}:{ports.web}"
    public = f"http://localhost:{ports.web}"
    variables = {
        "RINGI_ENV": environ.get("RINGI_ENV") or "embedded",
        "RINGI_HOME": str(home.path),
        "RINGI_PORT": str(ports.web),
        "RINGI_GATEWAY_URL": web,
        "RINGI_PUBLIC_URL": environ.get("RINGI_PUBLIC_URL") or public,
        "RINGI_TEMPORAL_ADDRESS": f"{LOOPBACK}:{ports.temporal}",
        "RINGI_TEMPORAL_NAMESPACE": "default",
        "RINGI_TEMPORAL_UI_URL": f"http://localhost:{ports.temporal_ui}",
        "RINGI_KAFKA_BOOTSTRAP": f"{LOOPBACK}:{ports.kafka}",
        "RINGI_WORKER_METRICS_PORT": str(ports.worker_metrics),
        "RINGI_AUDIT_HEAD_FILE": str(home.path / "audit-heads.jsonl"),
        "RINGI_ATTACHMENTS_FOLDER": str(home.path / "attachments"),
        **{BY_NAME[purpose].variable: ring for purpose, ring in secrets.keys.items()},
        "RINGI_DEMO_PASSWORD": secrets.demo_password,
    }
    for service in SERVICES:
        name = service.upper()
        variables[f"RINGI_{name}_URL"] = f"{web}/_svc/{service}"
        variables[f"RINGI_{name}_DATABASE_URL"] = _database_url(ports, secrets, service, role_of(service))
    return variables


def process_environment(variables: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a Python child: the user's own (locale, proxy, RINGI_LOG_LEVEL, CRASH_AT …) and the above.

    MALLOC_ARENA_MAX keeps glibc from setting aside an arena for every thread, which costs tens of MB at rest, and
    MALLOC_TRIM_THRESHOLD_ (bytes) lets it give back what a busy minute took: without it the threshold grows by itself
    and the web process kept 60 MB after a cascade over 1,000 rows. A shell that forbids byte code would make every
    start compile the whole application, which takes longer than all the rest.
    """
    kept = {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    memory = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": str(128 * 1024)}
    return {**kept, "PYTHONUNBUFFERED": "1", **memory, **variables}


def infrastructure_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a server from a wheel: nothing in the user's shell may change what it does."""
    kept = ("PATH", "HOME", "TMPDIR", "USER", "LOGNAME")
    return {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **{name: environ[name] for name in kept if name in environ}}
