"""Bad input of any kind is a problem document with a pointer, never a 500."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Query
from pydantic import Field

from services.contracts.permissions import permissions_of
from services.kit.errors import Blocked, Conflict, RemoteProblemError, Unprocessable
from services.kit.http import KitDep, create_service_app
from services.kit.http.paging import CursorText, Limit
from services.kit.http.problems import preferred_locale
from services.kit.models import INT64_MAX, CamelModel, QueryModel
from services.kit.running.logging import REDACTED, redact, redact_text
from tests.support.http import ServiceClient, TestIssuer, running, settings_for
from tests.support.keys import SERVICE_KEYS

THING = UUID("019f0000-0000-7000-8000-000000000001")


class Line(CamelModel):
    amount: Annotated[int, Field(le=INT64_MAX)]
    note: str | None = None


class Body(CamelModel):
    title: str
    lines: list[Line] = Field(default_factory=list)


class Filters(QueryModel):
    assigned_to: UUID | None = None


def routers() -> list[APIRouter]:
    router = APIRouter()

    @router.get("/things/newest")
    async def newest_thing() -> None:
        return None

    @router.get("/things/{thing_id}")
    async def get_thing(
        thing_id: UUID,
        kit: KitDep,
        filters: Annotated[Filters, Query()],
        limit: Limit = 50,
        cursor: CursorText = None,
    ) -> dict[str, Any]:
        return {"limit": limit, "assignedTo": filters.assigned_to, "after": kit.cursors.decode("things", cursor, [str])}

    @router.post("/things")
    async def create_thing(body: Body) -> Body:
        return body

    @router.put("/things/{thing_id}")
    async def change_thing(thing_id: UUID, body: Body) -> Body:
        return body

    @router.get("/blocked")
    async def blocked() -> None:
        raise Blocked(THING)

    return [router]


@pytest.fixture
async def client(kit_database_url: str, issuer: TestIssuer) -> AsyncIterator[ServiceClient]:
    settings = settings_for("customer", kit_database_url)
    app = create_service_app("customer", settings, routers(), permissions_of=permissions_of)
    async with running(app, issuer) as started:
        yield started


def pointers(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status == 422, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    return [(e["in"], e["pointer"], e["code"]) for e in answer.json["errors"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limt=5", ("query", "/limt", "unknown_parameter")),
        ("assigned_to=" + str(THING), ("query", "/assigned_to", "unknown_parameter")),
        ("assignedTo=%00", ("query", "/assignedTo", "string_unicode")),
        ("limit=0", ("query", "/limit", "greater_than_equal")),
        ("limit=201", ("query", "/limit", "less_than_equal")),
        ("limit=ten", ("query", "/limit", "int_parsing")),
        ("assignedTo=me", ("query", "/assignedTo", "uuid_parsing")),
        ("cursor=abc", ("query", "/cursor", "cursor_malformed")),
        ("cursor=%F0%9F%98%80", ("query", "/cursor", "cursor_malformed")),
    ],
)
async def test_a_wrong_parameter_is_named(client: ServiceClient, query: str, expected: tuple[str, str, str]) -> None:
    assert pointers(await client.get(f"/things/{THING}?{query}")) == [expected]


async def test_known_parameters_of_models_and_plain_ones_are_let_through(client: ServiceClient) -> None:
    answer = await client.get(f"/things/{THING}?limit=7&assignedTo={THING}")
    assert answer.json == {"limit": 7, "assignedTo": str(THING), "after": None}


async def test_a_cursor_of_another_list_or_another_installation_is_malformed(client: ServiceClient) -> None:
    good = client.kit.cursors.encode("things", ["a"])
    assert (await client.get(f"/things/{THING}?cursor={good}")).json["after"] == ["a"]
    for bad in (client.kit.cursors.encode("others", ["a"]), good[:-2] + "AA", good + "A"):
        answer = await client.get(f"/things/{THING}?cursor={bad}")
        assert pointers(answer) == [("query", "/cursor", "cursor_malformed")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"title": "a", "lines": [{"amount": "1"}]}', ("body", "/lines/0/amount", "int_type")),
        (b'{"title": "a", "lines": [{"amount": true}]}', ("body", "/lines/0/amount", "int_type")),
        (b'{"title": "a", "lines": [{"amount": 9223372036854775808}]}', ("body", "/lines/0/amount", "less_than_equal")),
        (b'{"title": "a", "lines": [{"amount": 1, "a~/b": 2}]}', ("body", "/lines/0/a~0~1b", "extra_forbidden")),
        (b'{"title": 1}', ("body", "/title", "string_type")),
        (b"{}", ("body", "/title", "missing")),
        (b'{"title": "a\\u0000b"}', ("body", "/title", "string_unicode")),
        (b'{"title": "a", "lines": [{"amount": 1, "note": "\\u0000"}]}', ("body", "/lines/0/note", "string_unicode")),
        (b'{"title": "\\ud800"}', ("body", "", "string_unicode")),
        (b'{"title": "\xed\xa0\x80"}', ("body", "", "json_invalid")),
        ('{"title": "a"}'.encode("utf-16"), ("body", "", "json_invalid")),
        (b'{"title": NaN}', ("body", "/title", "string_type")),
        (b"{", ("body", "", "json_invalid")),
        (b"[]", ("body", "", "model_attributes_type")),
    ],
)  # fmt: skip
async def test_a_wrong_value_in_a_body_is_pointed_at(
    client: ServiceClient, body: bytes, expected: tuple[str, str, str]
) -> None:
    assert expected in pointers(await client.request("POST", "/things", content=body))


async def test_an_emoji_written_as_escapes_is_no_lone_surrogate(client: ServiceClient) -> None:
    answer = await client.request("POST", "/things", content=b'{"title": "\\ud83d\\ude00"}')
    assert answer.json["title"] == "😀"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"title": ' + b"9" * 5_000 + b"}"])
async def test_monstrous_json_is_refused_quietly(client: ServiceClient, body: bytes) -> None:
    answer = await client.request("POST", "/things", content=body, token="of somebody")
    assert answer.status in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_beyond_the_cap_is_refused(client: ServiceClient) -> None:
    answer = await client.post("/things", {"title": "x" * 1024 * 1024})
    assert (answer.status, answer.json["code"]) == (413, "payload_too_large")
    undeclared = {"content-length": "0", "transfer-encoding": "chunked"}
    streamed = await client.post("/things", {"title": "x" * 1024 * 1024}, headers=undeclared)
    assert streamed.status == 413


async def test_unknown_paths_and_methods_are_problems_too(client: ServiceClient) -> None:
    missing = await client.get("/nothing")
    assert (missing.status, missing.json["code"]) == (404, "not_found")
    wrong = await client.delete(f"/things/{THING}")
    assert (wrong.status, wrong.json["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, PUT"
    assert (await client.delete("/things/newest")).headers["allow"] == "GET"
    for odd in ("not-a-uuid", THING.hex, f"urn:uuid:{THING}", f"{{{THING}}}"):
        assert pointers(await client.get(f"/things/{odd}")) == [("path", "/thing_id", "uuid_parsing")], odd


async def test_a_problem_names_its_trace_and_the_request(client: ServiceClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"  # pragma: allowlist secret
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "x-request-id": "req-1"}
    answer = await client.get("/blocked", headers=headers)
    assert answer.json["traceId"] == trace
    assert answer.json["processId"] == str(THING)
    assert answer.headers["traceparent"].startswith(f"00-{trace}-")
    assert answer.headers["x-request-id"] == "req-1"


@pytest.mark.parametrize("header", ["", "junk", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff-" + "a" * 32])
async def test_a_malformed_trace_begins_a_new_one(client: ServiceClient, header: str) -> None:
    answer = await client.get("/blocked", headers={"traceparent": header, "x-request-id": "bad id\twith spaces"})
    assert len(answer.json["traceId"]) == 32
    assert set(answer.json["traceId"]) != {"0"}
    assert answer.headers["x-request-id"] != "bad id\twith spaces"


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "ja"),
        ("en", "en"),
        ("en-GB,en;q=0.8", "en"),
        ("fr,de", "ja"),
        ("en;q=0.3, ja;q=0.9", "ja"),
        ("fr, en;q=0.2", "en"),
        ("en;q=abc", "en"),
    ],
)
def test_messages_follow_the_readers_language(header: str | None, locale: str) -> None:
    assert preferred_locale(header) == locale


async def test_both_languages_of_a_problem(client: ServiceClient) -> None:
    japanese = await client.get("/blocked")
    english = await client.get("/blocked", headers={"accept-language": "en"})
    assert japanese.json["title"] == "処理中のため変更できません"
    assert english.json["title"] == "A running process holds this record"


def test_no_detail_of_a_problem_takes_the_place_of_a_standard_member() -> None:
    document = Conflict(status="COMPLETED", processStatus="COMPLETED").problem("en", "trace")
    assert (document["status"], document["processStatus"]) == (409, "COMPLETED")


def test_a_problem_crosses_process_boundaries_unchanged() -> None:
    original = Unprocessable.field("/amount", "too_much", "zu viel")
    original.headers["Retry-After"] = "3"
    copy = RemoteProblemError.from_payload(original.payload())
    assert copy.problem("ja", "t") == original.problem("ja", "t")
    assert copy.headers == original.headers
    blocked = RemoteProblemError.from_payload(Blocked(THING).payload())
    assert blocked.problem("en", "t")["processId"] == str(THING)


async def test_the_document_describes_what_errors_look_like(client: ServiceClient) -> None:
    document = client.app.openapi()
    responses = document["paths"]["/things"]["post"]["responses"]
    assert "application/problem+json" in responses["4XX"]["content"]
    assert document["components"]["schemas"]["Problem"]["required"]


async def test_answers_are_not_cached_or_sniffed(client: ServiceClient) -> None:
    answer = await client.get("/blocked")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_metrics_count_by_route_and_not_by_id(client: ServiceClient) -> None:
    await client.get(f"/things/{THING}")
    exposition = (await client.get("/metrics")).body.decode()
    assert 'route="/things/{thing_id}"' in exposition
    assert str(THING) not in exposition


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("token eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl here", "c2lnbmF0dXJl"),
        ("postgresql://ringi:hunter22@db/auth", "hunter22"),  # pragma: allowlist secret
        ("GET /x?token=abc123&a=b", "abc123"),
    ],
)
def test_secrets_inside_texts_do_not_reach_the_log(text: str, secret: str) -> None:
    assert secret not in redact_text(text)
    assert REDACTED in redact_text(text)


def test_secrets_in_fields_do_not_reach_the_log() -> None:
    event = {"password": "p", "nested": {"refreshToken": "t", "list": [{"totp": "1"}]}, "ok": "value"}
    assert "p" not in str(redact(None, "info", event)["password"])
    assert event["nested"] == {"refreshToken": REDACTED, "list": [{"totp": REDACTED}]}
    assert event["ok"] == "value"


async def test_a_line_break_in_a_request_forges_no_log_line(
    client: ServiceClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get('/nothing\n{"event":"forged"}')
    lines = [line for line in capsys.readouterr().out.splitlines() if "forged" in line]
    assert len(lines) == 1
    assert '\\n{\\"event\\":\\"forged\\"}' in lines[0]


def test_settings_do_not_print_secrets() -> None:
    settings = settings_for("customer", "postgresql://ringi:hunter22@db/customer")
    assert "hunter22" not in repr(settings)
    assert SERVICE_KEYS["internal_keys"] not in repr(settings)
