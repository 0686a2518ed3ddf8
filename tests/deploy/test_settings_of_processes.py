"""Each process is given what it reads and nothing else: keys, database URLs, addresses; `.env.example` tells of all."""

import re
from typing import Any

import pytest

from deploy.databases.names import LOGINS, MIGRATOR, SERVICES, database_name
from deploy.keys.purposes import PURPOSES
from deploy.settings.catalogue import ALL, EXAMPLE, sections
from deploy.settings.example import example_file
from services.kit.db.grants import role_of
from tests.support.compose import IMAGE, read_compose

SETTINGS = {setting.variable: setting for _, found in sections() for setting in found}
JOBS = ("migrate", "roles")
SECRET = {name: f"the-{name.lower()}" for name in ("POSTGRES_PASSWORD", *LOGINS.values())} | {
    purpose.variable: f"the-{purpose.name}-key" for purpose in PURPOSES
}


@pytest.fixture(scope="module")
def environments() -> dict[str, dict[str, str]]:
    """By process, with a secret of its own in the place of each variable."""
    services: dict[str, Any] = read_compose(SECRET)["services"]
    return {
        name: {variable: str(value) for variable, value in service["environment"].items()}
        for name, service in services.items()
        if service["image"].startswith(IMAGE)
    }


def holders(environments: dict[str, dict[str, str]], secret: str) -> set[str]:
    """Whoever has it, also as a part of a URL."""
    whole = re.compile(rf"(?<![\w-]){re.escape(secret)}(?![\w-])")
    return {name for name, given in environments.items() if any(whole.search(value) for value in given.values())}


@pytest.mark.parametrize("purpose", PURPOSES, ids=lambda purpose: purpose.name)
def test_a_key_is_held_by_those_who_need_it_and_nobody_else(environments: Any, purpose: Any) -> None:
    assert holders(environments, SECRET[purpose.variable]) == set(purpose.readers)


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_password_is_held_by_the_service_and_its_worker(environments: Any, service: str) -> None:
    name = service.replace("_", "-")
    assert holders(environments, SECRET[LOGINS[role_of(service)]]) == {name, f"worker-{name}", "roles"}
    for process in (name, f"worker-{name}"):
        urls = {v: url for v, url in environments[process].items() if v.endswith("_DATABASE_URL")}
        password = SECRET[LOGINS[role_of(service)]]
        expected = f"postgresql://{role_of(service)}:{password}@postgres:5432/{database_name(service)}"
        assert urls == {f"RINGI_{service.upper()}_DATABASE_URL": expected}


def test_who_migrates_and_who_administers_stand_apart(environments: Any) -> None:
    assert holders(environments, SECRET[LOGINS[MIGRATOR]]) == {"migrate", "roles"}
    assert holders(environments, SECRET["POSTGRES_PASSWORD"]) == {"roles"}


def test_the_compose_file_starts_every_process_that_reads_settings(environments: Any) -> None:
    assert set(environments) == {*ALL, *JOBS}


def test_every_variable_is_a_setting_and_every_secret_one_of_those_who_read_it(environments: Any) -> None:
    wrong = {
        f"{process}: {variable}"
        for process, given in environments.items()
        for variable in given
        if variable not in SETTINGS or (SETTINGS[variable].secret and process not in SETTINGS[variable].readers)
    }
    assert wrong == set()


def test_every_setting_says_what_it_means_and_who_reads_it() -> None:
    silent = [s.variable for s in SETTINGS.values() if not s.meaning or not s.readers]
    assert silent == []


def test_the_example_is_what_the_settings_classes_say() -> None:
    assert EXAMPLE.read_text() == example_file(), "ringi env --example > .env.example"
