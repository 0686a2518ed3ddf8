"""What each process reads: its settings classes, and of the shared one what concerns it."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from api.settings import GatewaySettings
from deploy.databases.names import ADMIN_URL, LOGINS
from deploy.keys.purposes import PURPOSES, REMOTES, SERVICES
from deploy.serving.protocol import Patience
from frontend.ui.settings import FrontendSettings
from services.analytics.settings import AnalyticsSettings
from services.auth.settings import AuthSettings
from services.customer.settings import CustomerSettings
from services.kit.running.keyring import Keyring
from services.kit.running.secret_files import is_secret
from services.kit.running.settings import KeySettings, ServiceSettings
from services.opportunity.settings import OpportunitySettings

WORKERS: Final = tuple(f"worker-{service}" for service in SERVICES)
SERVERS: Final = (*SERVICES, "gateway", "shell", *REMOTES)
ALL: Final = (*SERVERS, *WORKERS)
MIGRATING: Final = "migrate"

CLASSES: Final[tuple[tuple[str, type[BaseSettings], tuple[str, ...]], ...]] = (
    ("Keys", KeySettings, ()),
    ("Services, workers and gateway", ServiceSettings, ALL),
    ("HTTP servers", Patience, SERVERS),
    ("Gateway", GatewaySettings, ("gateway",)),
    ("auth", AuthSettings, ("auth", "worker-auth")),
    ("customer", CustomerSettings, ("customer", "worker-customer")),
    ("opportunity", OpportunitySettings, ("opportunity", "worker-opportunity")),
    ("analytics", AnalyticsSettings, ("analytics", "worker-analytics")),
    ("Shell and remotes", FrontendSettings, ("shell", *REMOTES)),
)
_REMOTE_URLS: Final = tuple(name for name in FrontendSettings.model_fields if name.startswith("remote_"))
_CONNECTING: Final = (*SERVICES, *WORKERS, MIGRATING)
_OF_SERVERS: Final = {
    "temporal_": _CONNECTING,
    "kafka_": _CONNECTING,
    "database_": _CONNECTING,
    "redis_": ("analytics", "gateway", "shell"),
    "otlp_": (*_CONNECTING, "gateway"),
}
READERS: Final[dict[str, tuple[str, ...]]] = {
    **{
        name: readers
        for prefix, readers in _OF_SERVERS.items()
        for name in ServiceSettings.model_fields
        if name.startswith(prefix)
    },
    **{f"{purpose.name}_keys": purpose.readers for purpose in PURPOSES},
    **{f"{service.replace('-', '_')}_database_url": (service, f"worker-{service}", MIGRATING) for service in SERVICES},
    **{f"{service.replace('-', '_')}_url": (*SERVICES, *WORKERS, "gateway") for service in SERVICES},
    "temporal_ui_url": ("gateway", "shell"),
    "worker_metrics_port": WORKERS,
    **dict.fromkeys(("token_issuer", "token_audience"), (*SERVICES, "gateway")),
    **dict.fromkeys(("home", "live_streams_per_user", "cookie_secure", "session_keys", *_REMOTE_URLS), ("shell",)),
}
"""Settings that not every process of their class reads."""


_DATABASE: Final = "A service's own database, by the role that it runs as: postgresql://ringi_auth:…@host/ringi_auth"
_CERTIFICATE: Final = "The certificate that this process shows, with its chain (PEM)."
_KEY_FILE: Final = "The private key of that certificate (PEM)."
_ADDRESS: Final = "Where a service answers inside of the installation."
MEANINGS: Final[dict[str, str]] = {
    **{name: _DATABASE for name in ServiceSettings.model_fields if name.endswith("_database_url")},
    **{f"{service.replace('-', '_')}_url": _ADDRESS for service in SERVICES},
    **{name: _CERTIFICATE for name in ServiceSettings.model_fields if name.endswith("_cert_file")},
    **{name: _KEY_FILE for name in ServiceSettings.model_fields if name.endswith("_key_file")},
    "temporal_api_key": "Of Temporal Cloud.",
    "kafka_security_protocol": "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
    "kafka_sasl_mechanism": "How this process signs in to the brokers.",
    "kafka_username": "Of SASL.",
    "kafka_password": "Of SASL.",
    "temporal_address": "Host and port of Temporal's frontend.",
    "temporal_namespace": "Whose namespace at Temporal this installation has.",
    "temporal_ui_url": "Where people find Temporal's UI. None: no links to it.",
    "kafka_bootstrap": "Host and port of one or more brokers, separated by commas.",
    "redis_url": "Redis, which several replicas share: limits, reports, sessions. None: each process for itself.",
    "otlp_endpoint": "Where traces are sent to by OTLP. None: nowhere.",
}
"""Of settings that say the same many times, and of those that name others' servers."""


@dataclass(frozen=True, slots=True)
class Setting:
    """``default``: as it is written in an environment; None where there is none."""

    variable: str
    default: str | None
    meaning: str
    readers: tuple[str, ...]
    secret: bool


def sections() -> Iterator[tuple[str, list[Setting]]]:
    """The settings of each class without those that were told before."""
    shown: set[str] = set()
    for title, kind, processes in CLASSES:
        meanings = {name: text for cls in reversed(kind.__mro__) for name, text in _meanings(cls)}
        fields = {name: field for name, field in kind.model_fields.items() if name not in shown}
        shown |= fields.keys()
        yield (
            title,
            [
                _setting(name, field, meanings.get(name) or MEANINGS.get(name, ""), READERS.get(name, processes))
                for name, field in fields.items()
            ],
        )
    yield "Databases and roles (`ringi roles`)", list(_roles())


def _roles() -> Iterator[Setting]:
    yield Setting(ADMIN_URL, None, "A role that may create databases and roles.", ("roles",), secret=True)
    for role, variable in LOGINS.items():
        yield Setting(variable, None, f"Password of the database role {role}.", ("roles",), secret=True)


def _setting(name: str, field: FieldInfo, meaning: str, readers: tuple[str, ...]) -> Setting:
    return Setting(f"RINGI_{name.upper()}", _default(field), meaning, readers, is_secret(field))


def _default(field: FieldInfo) -> str | None:
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    if value is None or isinstance(value, Keyring):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, Enum) else value)


def _meanings(kind: type) -> Iterator[tuple[str, str]]:
    """The texts that stand below the fields of a class."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError):
        return
    body = tree.body[0]
    assert isinstance(body, ast.ClassDef)
    for field, text in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield field.target.id, " ".join(text.value.value.split())


EXAMPLE: Final = Path(__file__).parents[2] / ".env.example"
