"""The walls of the house hold, and each of them was seen to catch somebody who went through it."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ".importlinter"
PREFIX = "importlinter:contract:"

# Contract → (file, what is written into it): one violation for each thing that the contract's name promises.
VIOLATIONS: dict[str, list[tuple[str, str]]] = {
    "floors": [
        ("services/kit/running/clock.py", "import workflows.policies"),
        ("services/kit/running/clock.py", "import deploy.embedded.errors"),
        ("services/contracts/__init__.py", "import activities.customer.contract"),
        ("services/customer/app.py", "import activities.customer.contract"),
        ("activities/customer/contract.py", "import workflows.customer_deletion"),
        ("workflows/policies.py", "import workers.runtime"),
        ("api/__init__.py", "import frontend.ui.settings"),
        ("frontend/ui/settings.py", "import api.app"),
        ("workers/runtime.py", "import deploy.embedded.state.ports"),
    ],
    "services-apart": [
        ("services/customer/app.py", "import services.opportunity.service"),
        ("services/analytics/app.py", "import services.auth.app"),
        ("services/contracts/__init__.py", "import services.customer.service"),
        ("services/kit/running/clock.py", "import services.contracts.events"),
        ("services/kit/running/clock.py", "import services.sales_activity.service"),
    ],
    "rooms-of-the-kit": [
        ("services/kit/running/clock.py", "import services.kit.db.database"),
        ("services/kit/running/clock.py", "import services.kit.text.folding"),
        ("services/kit/text/folding.py", "import services.kit.db.database"),
        ("services/kit/events/outbox.py", "import services.kit.processes.ledger"),
        ("services/kit/http/paging.py", "import services.kit.events.outbox"),
    ],
    "rooms-of-the-embedded-run": [
        ("deploy/embedded/state/home.py", "import deploy.embedded.children.logs"),
        ("deploy/embedded/parts/postgres.py", "import deploy.embedded.supervision.supervisor"),
    ],
    "frontends-apart": [
        ("frontend/shell/app.py", "import frontend.opportunity.app"),
        ("frontend/customer/app.py", "import frontend.sales.app"),
        ("frontend/ui/settings.py", "import frontend.shell.app"),
    ],
    "frontend-over-http": [
        ("frontend/opportunity/app.py", "import services.opportunity.service"),
        ("frontend/shell/app.py", "import services.kit.db.database"),
        ("frontend/ui/settings.py", "import psycopg"),
    ],
    "gateway-over-http": [
        ("api/app.py", "import services.customer.service"),
        ("api/app.py", "import activities.customer.contract"),
    ],
    "deterministic-workflows": [
        ("workflows/policies.py", "import activities.customer.handlers"),
        ("workflows/policies.py", "import services.kit.db.database"),
        ("workflows/customer_deletion.py", "import aiohttp"),
        ("activities/customer/contract.py", "import psycopg"),
    ],
    "stubs-apart": [
        ("activities/customer/contract.py", "import activities.customer.handlers"),
        ("activities/auth/contract.py", "import services.auth.service"),
    ],
    "steps-of-auth": [("activities/auth/handlers.py", "import services.customer.service")],
    "steps-of-customer": [("activities/customer/handlers.py", "import services.opportunity.service")],
    "steps-of-sales-activity": [("activities/sales_activity/handlers.py", "import services.customer.service")],
    "steps-of-opportunity": [("activities/opportunity/handlers.py", "import services.auth.service")],
    "private-rooms": [
        ("activities/customer/handlers.py", "import services.customer.repository"),
        ("workers/customer.py", "import services.customer.models"),
        ("deploy/cli/main.py", "import services.auth.repository"),
    ],
}


def configuration() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / CONFIGURATION)
    return parser


def contracts() -> set[str]:
    return {section.removeprefix(PREFIX) for section in configuration().sections() if section.startswith(PREFIX)}


def root_packages() -> list[str]:
    return configuration()["importlinter"]["root_packages"].split()


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def copy_of_the_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / CONFIGURATION, copy)
    for package in root_packages():
        only_python = shutil.ignore_patterns("__pycache__", "node_modules", "build", "templates", "locale", "client")
        shutil.copytree(ROOT / package, copy / package, ignore=only_python)
    return copy


def test_all_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_has_a_violation_that_proves_it() -> None:
    assert contracts() == set(VIOLATIONS)


def test_no_service_has_a_private_room_that_the_contract_forgot() -> None:
    listed = set(configuration()[f"{PREFIX}private-rooms"]["forbidden_modules"].split())
    present = {
        f"services.{path.parent.name}.{path.stem}"
        for path in ROOT.glob("services/*/*")
        if path.stem in ("models", "repository") and path.parent.name != "kit"
    }
    assert present == listed


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [(contract, file, line) for contract, violations in VIOLATIONS.items() for file, line in violations],
)
def test_a_violation_is_caught(copy_of_the_house: Path, contract: str, file: str, line: str) -> None:
    path = copy_of_the_house / file
    original = path.read_bytes()
    try:
        path.write_bytes(original + f"\n{line}\n".encode())
        done = lint(copy_of_the_house, "--contract", contract)
    finally:
        path.write_bytes(original)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout, done.stdout + done.stderr
