"""The container files are right as far as that can be known without an engine."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import ComposeSpecification

from tests.deploy.test_connections import DEDICATED, POOLED

ROOT = Path(__file__).parents[2]
OF_TEMPORAL = 50
"""Its default store and its visibility store open up to 20 and 10 connections; auto-setup some more."""
TOOLS = Path(sys.executable).parent
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


def own_services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: s for name, s in compose["services"].items() if s["image"].startswith("ringi-crm")}


def unresolved(compose: dict[str, Any]) -> list[str]:
    """Names that a service of the compose file uses and nothing in it declares."""
    services, faults = compose["services"], []
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if other not in services:
                faults.append(f"{name} depends on {other}, which is not a service")
            elif how["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                faults.append(f"{name} waits for {other} to be healthy, which has no healthcheck")
        faults += [f"{name}: no network {n}" for n in service.get("networks", []) if n not in compose["networks"]]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            known = (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"]
            if not known:
                faults.append(f"{name}: no volume {source}")
    return faults


def test_compose_file_follows_the_specification(compose: dict[str, Any]) -> None:
    ComposeSpecification.model_validate(compose)


def test_everything_a_service_refers_to_is_declared(compose: dict[str, Any]) -> None:
    assert unresolved(compose) == []


@pytest.mark.parametrize(
    "break_it",
    [
        lambda c: c["services"]["gateway"]["depends_on"].update(ghost={"condition": "service_healthy"}),
        lambda c: c["services"]["shell"].update(networks=["nowhere"]),
        lambda c: c["services"]["shell"].update(volumes=["nothing:/data"]),
        lambda c: c["services"]["redis"].pop("healthcheck"),
    ],
)
def test_a_dangling_reference_is_found(break_it: Any) -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    break_it(compose)
    assert unresolved(compose)


def test_every_own_container_runs_a_module_that_exists(compose: dict[str, Any]) -> None:
    for name, service in own_services(compose).items():
        command = service["command"]
        assert command[:2] == ["python", "-m"], f"{name}: servers run as deploy.serving does it, with its limits"
        modules = [command[2], *([command[3].split(":")[0]] if command[2] == "deploy.serving" else [])]
        for module in modules:
            assert importlib.util.find_spec(module) is not None, f"{name}: no module {module}"


def test_own_containers_have_no_privilege(compose: dict[str, Any]) -> None:
    for name, service in own_services(compose).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


def test_the_database_has_room_for_all_pools_at_once(compose: dict[str, Any]) -> None:
    connecting = [s for s in own_services(compose).values() if "DATABASE_URL" in str(s["environment"])]
    pools = sum(2 * POOLED + DEDICATED for service in connecting if service["restart"] != "no")
    allowed = compose["services"]["postgres"]["command"][-1]
    assert int(allowed.removeprefix("max_connections=")) >= pools + OF_TEMPORAL


def test_image_recipe_passes_hadolint() -> None:
    subprocess.run([TOOLS / "hadolint", ROOT / "deploy/images/Dockerfile"], check=True)


def test_yaml_files_pass_yamllint() -> None:
    subprocess.run([TOOLS / "yamllint", "--strict", COMPOSE], check=True, cwd=ROOT)


def test_events_are_tested_on_the_kafka_that_is_deployed(compose: dict[str, Any]) -> None:
    pom = (ROOT / "tests/support/apache_kafka/pom.xml").read_text()
    [tested] = re.findall(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([\d.]+)</version>", pom)
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{tested}"
