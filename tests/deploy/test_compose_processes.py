"""Every own service of the compose file as a process of its own, over the network as containers are: they come up
healthy in the order that the file states, and people get their work done through gateway and shell."""

import re
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import orjson
import pytest
from yarl import URL

from deploy.databases.names import LOGINS
from deploy.demo.client import DemoError, User, until
from deploy.demo.demo_run import FINISHED
from deploy.demo.observed import figures
from deploy.keys.purposes import PURPOSES
from deploy.keys.rings import new_key
from tests.support.broker import running_broker
from tests.support.compose import ROOT, Containers, lay_out_image, running_containers
from tests.support.kind_fields import filled_in
from tests.support.otlp import Traces, receiving_traces
from tests.support.postgres import running_postgres
from tests.support.redis import running_redis
from tests.support.telemetry import WITH_THE_FIRST_FAILURE, metrics_used, names_in
from tests.support.temporal import running_temporal
from tests.support.waiting import eventually

GRACE_SECONDS = 30
"""The compose file's stop_grace_period."""
PASSWORD = "correct horse battery staple"
ADMIN = "first-admin@ringi.example"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
CUSTOMER = "株式会社コンテナ商会"
WAY_OF_A_DELETION = {
    ("shell", "POST /{path:path}"),
    ("remote-customer", "POST /customers/{id}/delete"),
    ("gateway", "DELETE /api/v1/customers/*"),
    ("customer", "DELETE /customers/{customer_id}"),
    ("worker-customer", "customer start"),  # the relay tells Temporal
    ("worker-customer", "StartWorkflow:customer_deletion"),
    ("worker-customer", "RunWorkflow:customer_deletion"),
    ("worker-customer", "CompleteWorkflow:customer_deletion"),
    ("worker-customer", "customer publish"),  # the relay tells Kafka
    ("worker-analytics", "analytics apply"),  # the projection
    ("worker-auth", "auth.audit apply"),
}
"""Spans by process and name; workflow, steps and events of other services hang on the same trace."""
FIELDS = re.compile(r"`(\w+)`")


@pytest.fixture(scope="module")
def traces() -> Iterator[Traces]:
    with receiving_traces() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory, traces: Traces) -> Iterator[Containers]:
    """With servers of their own: events or processes of another test's system would be found by `ringi verify`."""
    values = {name: secrets.token_hex(24) for name in ("POSTGRES_PASSWORD", *LOGINS.values())}
    values |= {purpose.variable: new_key() for purpose in PURPOSES}
    values["RINGI_OTLP_ENDPOINT"] = traces.url
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


@asynccontextmanager
async def signed_in_browser(containers: Containers, email: str) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """With the page that it got to, the customers."""
    jar = aiohttp.CookieJar(treat_as_secure_origin=URL(containers.url))
    async with aiohttp.ClientSession(base_url=containers.url, cookie_jar=jar) as browser:
        async with browser.get("/login") as form:
            token = CSRF.search(await form.text())
        assert token is not None
        fields = {"csrf": token[1], "email": email, "password": PASSWORD, "next": "/customers"}
        async with browser.post("/login", data=fields) as page:
            yield browser, await page.text()


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
    async with signed_in_browser(containers, email) as (browser, first_page):
        assert "合同会社シェル" in first_page
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


async def test_a_deletion_is_one_trace_from_the_browser_to_the_projection(
    containers: Containers, session: aiohttp.ClientSession, traces: Traces
) -> None:
    office = await Office.open(containers, session)
    name = "有限会社ひと続き"
    rep, _ = await office.hire("rep")
    customer = await new_customer(rep, name)
    async with signed_in_browser(containers, ADMIN) as (browser, _):
        async with browser.get(f"/customers/{customer}/delete") as asked:
            token = CSRF.search(await asked.text())
        assert token is not None, await asked.text()
        headers = {"Origin": containers.url}
        trace_id = secrets.token_hex(16)
        headers["traceparent"] = f"00-{trace_id}-{secrets.token_hex(8)}-01"
        async with browser.post(f"/customers/{customer}/delete", data={"csrf": token[1]}, headers=headers) as process:
            assert "/processes/" in process.url.path, await process.text()

    def seen() -> set[tuple[str, str]]:
        return {(span.process, span.name) for span in traces.of(trace_id)}

    async def complete() -> bool | None:
        return seen() >= WAY_OF_A_DELETION or None

    with suppress(DemoError):  # what is missing says more than that something is
        await until("the whole way in one trace", complete)
    assert sorted(WAY_OF_A_DELETION - seen()) == [], sorted(seen())
    spans = traces.of(trace_id)
    assert any(span.name.startswith("RunActivity:") for span in spans if span.process == "worker-opportunity")
    personal = (name, ADMIN, "管理 太郎", "127.0.0.1")
    assert [(span.name, word) for span in spans for word in personal if word in span.text] == []


async def test_every_metric_that_rules_and_panels_use_is_scraped(
    containers: Containers, session: aiohttp.ClientSession
) -> None:
    """After the other tests, so that everything has happened once."""
    ports = [containers.ports[name] for name in containers.processes if not name.startswith(("shell", "remote"))]
    there: set[str] = set()

    async def missing() -> set[str]:
        for port in [*ports, *containers.metrics_ports.values()]:
            async with session.get(f"http://127.0.0.1:{port}/metrics") as page:
                assert page.status == 200, port
                there.update(names_in(await page.text()))
        return metrics_used() - there - WITH_THE_FIRST_FAILURE

    async def complete() -> bool:
        return not await missing()

    await eventually(complete, what="everything that is used is served")
    documented = set(re.findall(r"^\| `(ringi_\w+)`", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE))
    parts = ("_bucket", "_count", "_sum", "_created")  # of histograms, and when a series began
    ours = {name for name in there if name.startswith("ringi_") and not name.endswith(parts)}
    assert ours - documented == set()


def test_log_lines_have_the_documented_fields_and_no_others(containers: Containers) -> None:
    """Of gateway, services, shell, workers and relays, whatever the other tests made them say."""
    rows = [line.split("|")[1] for line in (ROOT / "docs/logs.md").read_text().splitlines() if line.startswith("| `")]
    documented = {field for row in rows for field in FIELDS.findall(row)}
    undocumented: set[str] = set()
    for process in containers.processes.values():
        for line in process.log.read_text().splitlines():
            fields = orjson.loads(line)
            assert {"event", "level", "timestamp", "service"} <= fields.keys(), line
            undocumented |= fields.keys() - documented
    assert sorted(undocumented) == []


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
