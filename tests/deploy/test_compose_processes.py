"""Every own service of the compose file as a process of its own, over the network as containers are: they come up
healthy in the order that the file states, and people get their work done through gateway and shell."""

import re
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import orjson
import pytest
from yarl import URL

from deploy.databases.names import LOGINS
from deploy.demo.client import User, until
from deploy.demo.demo_run import FINISHED
from deploy.demo.observed import figures
from deploy.keys.purposes import PURPOSES
from deploy.keys.rings import new_key
from tests.support.broker import running_broker
from tests.support.compose import Containers, lay_out_image, running_containers
from tests.support.kind_fields import filled_in
from tests.support.postgres import running_postgres
from tests.support.redis import running_redis
from tests.support.temporal import running_temporal

GRACE_SECONDS = 30
"""The compose file's stop_grace_period."""
PASSWORD = "correct horse battery staple"
ADMIN = "first-admin@ringi.example"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
CUSTOMER = "株式会社コンテナ商会"


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """With servers of their own: events or processes of another test's system would be found by `ringi verify`."""
    values = {name: secrets.token_hex(24) for name in ("POSTGRES_PASSWORD", *LOGINS.values())}
    values |= {purpose.variable: new_key() for purpose in PURPOSES}
    image = lay_out_image(tmp_path_factory.mktemp("image"))
    with (
        running_postgres() as postgres,
        running_temporal() as temporal,
        running_broker() as broker,
        running_redis() as redis,
    ):
        infrastructure = {
            "postgres:5432": f"127.0.0.1:{postgres.port}",
            "temporal:7233": temporal.address,
            "kafka:9092": broker.bootstrap,
            "redis:6379": f"127.0.0.1:{redis.port}",
        }
        with running_containers(image, tmp_path_factory.mktemp("state"), infrastructure, values) as running:
            made = running.run(
                "auth",
                *("python", "-m", "deploy.cli.main", "users", "create-admin", "--email", ADMIN, "--name", "管理 太郎"),
                RINGI_ADMIN_PASSWORD=PASSWORD,
            )
            assert made.returncode == 0, made.stdout + made.stderr
            yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


class Office:
    """People of this installation, hired by its first administrator through the gateway."""

    def __init__(self, containers: Containers, session: aiohttp.ClientSession, admin: User) -> None:
        self._containers = containers
        self._session = session
        self.admin = admin

    @classmethod
    async def open(cls, containers: Containers, session: aiohttp.ClientSession) -> "Office":
        return cls(containers, session, await cls._sign_in(containers, session, ADMIN))

    async def hire(self, role: str) -> tuple[User, str]:
        email = f"{role}-{secrets.token_hex(4)}@ringi.example"
        await self.admin.post(
            "/auth/users", {"email": email, "name": f"{role} 花子", "password": PASSWORD, "roles": [role]}
        )
        return await self._sign_in(self._containers, self._session, email), email

    @staticmethod
    async def _sign_in(containers: Containers, session: aiohttp.ClientSession, email: str) -> User:
        return await User.sign_in(session, f"http://127.0.0.1:{containers.ports['gateway']}", email, PASSWORD)


async def new_customer(rep: User, name: str) -> str:
    """The customer service knows a colleague as soon as their event, or a look-up, has arrived."""

    async def created() -> str | None:
        status, body = await rep.send("POST", "/customers", {"name": name, "kind": "CORPORATE"})
        return str(body["id"]) if status == 201 else None

    return await until("a customer of the new colleague", created)


async def test_a_request_is_decided_and_counted_and_a_customer_deleted(
    containers: Containers, session: aiohttp.ClientSession
) -> None:
    office = await Office.open(containers, session)
    (rep, _), (approver, _) = await office.hire("rep"), await office.hire("approver")
    customer = await new_customer(rep, CUSTOMER)
    task = await rep.post("/tasks", {"customerId": customer, "title": "資料送付"})
    stage = {"name": "承認", "approverIds": [approver.id], "mode": "ANY", "deadlineHours": 24}
    request = {"customerId": customer, "kind": "FEE_DISCOUNT", "title": "手数料の引下げ", "description": "残高による。"}
    request |= {"amount": 1_000_000, "currency": "JPY", "stages": [stage]}
    submitted = await rep.post("/approvals", filled_in(request))
    decided = await approver.patch(f"/approvals/{submitted['id']}/approve", {"comment": "承認します。"})
    assert decided["state"] == "APPROVED"

    async def counted() -> bool:
        report = (await figures(office.admin))["approval-statistics"]
        return int(report["figures"]["approved"]["value"]) >= 1

    await until("the report that counts the approval", counted)
    deletion = await office.admin.delete(f"/customers/{customer}")

    async def ended() -> dict[str, Any] | None:
        seen: dict[str, Any] = await office.admin.get(f"/sagas/{deletion['sagaId']}")
        return seen if seen["status"] in FINISHED else None

    assert (await until("the end of the deletion", ended))["status"] == "COMPLETED"
    status, _ = await rep.send("GET", f"/tasks/{task['id']}")
    assert status == 404


async def test_the_shell_composes_pages_of_all_remotes_for_who_signed_in(
    containers: Containers, session: aiohttp.ClientSession
) -> None:
    office = await Office.open(containers, session)
    rep, email = await office.hire("manager")
    await new_customer(rep, "合同会社シェル")
    jar = aiohttp.CookieJar(treat_as_secure_origin=URL(containers.url))
    async with aiohttp.ClientSession(base_url=containers.url, cookie_jar=jar) as browser:
        async with browser.get("/login") as form:
            token = CSRF.search(await form.text())
        assert token is not None
        fields = {"csrf": token[1], "email": email, "password": PASSWORD, "next": "/customers"}
        async with browser.post("/login", data=fields) as signed_in:
            assert "合同会社シェル" in await signed_in.text()
        for path in ("/tasks", "/approvals", "/reports"):
            async with browser.get(path) as page:
                assert page.status == 200, path
    remote = f"http://127.0.0.1:{containers.ports['remote-admin']}"
    async with session.get(f"{remote}/.well-known/ringi-remote.json") as manifest:
        assert (await manifest.json())["name"] == "admin"


async def test_a_service_by_itself_answers_nobody_without_a_token(
    containers: Containers, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"http://127.0.0.1:{containers.ports['customer']}/customers") as answer:
        assert answer.status == 401


def test_the_image_verifies_the_installation(containers: Containers) -> None:
    """After whatever the other tests did; `migrate` is the service that has the addresses of all databases."""
    verified = containers.run("migrate", "python", "-m", "deploy.cli.main", "verify", "--json")
    assert verified.stdout, verified.stderr
    broken = [i for i in orjson.loads(verified.stdout)["invariants"] if not i["holds"]]
    assert (broken, verified.returncode) == ([], 0)


def test_every_process_ends_by_itself_within_its_grace_when_it_is_told_to(containers: Containers) -> None:
    """The last test of this module: nothing runs after it."""
    for process in containers.processes.values():
        process.signal(signal.SIGTERM)
    ends = {name: process.wait(GRACE_SECONDS) for name, process in containers.processes.items()}
    assert {name: code for name, code in ends.items() if code not in (0, -signal.SIGTERM)} == {}
