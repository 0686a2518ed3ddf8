"""The API's own document, as the gateway puts it together from the real services, and what does not fit it."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.openapi import merge
from api.paths import SERVICES
from tests.support.http import NOWHERE, settings_for

Document = dict[str, Any]
SHOWN = 3
"""So many faults of one answer are told; the first ones say it."""


def app_of(service: str) -> FastAPI:
    """A service that is never started: its routes and their document."""
    app: FastAPI = importlib.import_module(f"services.{service}.app").create_app(
        settings_for(
            service, "postgresql://nobody@127.0.0.1:9/none", temporal_address="127.0.0.1:9", public_url=NOWHERE
        )
    )
    return app


def document_of(service: str) -> Document:
    return app_of(service).openapi()


@dataclass(frozen=True)
class Operation:
    method: str
    template: str
    """Below /api/v1."""
    pattern: re.Pattern[str]
    content: Document


class Contract:
    """What requests and answers of the API look like; `faults_of_…` say what does not."""

    def __init__(self, document: Document) -> None:
        self._components = document["components"]
        self._validators: dict[str, Any] = {}
        self._operations = [
            Operation(method.upper(), template, _pattern(template), content)
            for path, item in document["paths"].items()
            for method, content in item.items()
            for template in [path.removeprefix("/api/v1")]
        ]
        # The most literal first: /customers/search is a list, and no customer.
        self._operations.sort(key=lambda operation: operation.template.count("{"))

    def operation(self, method: str, path: str) -> Operation | None:
        return next((o for o in self._operations if o.method == method and o.pattern.fullmatch(path)), None)

    def faults_of_request(self, operation: Operation, query: Iterable[str], body: Any) -> list[str]:
        known = {p["name"] for p in operation.content.get("parameters", ()) if p["in"] == "query"}
        faults = [f"no parameter {name}" for name in query if name not in known]
        described = operation.content.get("requestBody")
        if described is None:
            return faults if body in (None, {}) else [*faults, f"takes no body, got {body}"]
        if body is None:
            return [*faults, "a body is required"] if described.get("required") else faults
        if "application/json" not in described["content"]:
            return faults  # a form with a file
        schema = described["content"]["application/json"]["schema"]
        return faults + self._faults(schema, body)

    def faults_of_answer(self, operation: Operation, status: int, content_type: str, body: Any) -> list[str]:
        responses = operation.content["responses"]
        found = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if found is None:
            return [f"never answers {status}"]
        kinds = found.get("content", {})
        if not kinds:
            return [] if body in (None, b"") else [f"{status} has no content"]
        kind = content_type.partition(";")[0]
        if kind not in kinds:
            return [f"answers {sorted(kinds)}, not {kind}"]
        return self._faults(kinds[kind].get("schema", {}), body) if "json" in kind else []

    def _faults(self, schema: Document, value: Any) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.Draft202012Validator({**schema, "components": self._components})
        errors = list(self._validators[key].iter_errors(value))
        return [f"{'/'.join(map(str, error.instance_path)) or '(whole)'}: {error.message}" for error in errors[:SHOWN]]


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


@cache
def contract() -> Contract:
    """Of the services as they are now."""
    return Contract(merge({name: document_of(name) for name in SERVICES}))


@dataclass
class Checked:
    """An app that stands in for the gateway; `faults` collects where it, or who asked it, departs from the document."""

    app: ASGIApp
    faults: set[str] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent: list[bytes] = []
        start: Message = {}
        answered: list[bytes] = []

        async def receive_noted() -> Message:
            message = await receive()
            sent.append(message.get("body", b""))
            return message

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif not message.get("more_body") or answered:
                answered.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive_noted, send_noted)
        if start and scope["path"].startswith("/api/v1/"):
            self._note(scope, b"".join(sent), start, b"".join(answered))

    def _note(self, scope: Scope, sent: bytes, start: Message, answered: bytes) -> None:
        path, method, status = scope["path"].removeprefix("/api/v1"), scope["method"], start["status"]
        operation = contract().operation(method, path)
        if operation is None:
            if status != 404:
                self.faults.add(f"{method} {path} is no operation of the API, and was answered {status}")
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in start["headers"]}
        kind = headers.get(b"content-type", "")
        query = [name for name, _ in parse_qsl(scope["query_string"].decode(), keep_blank_values=True)]
        asked = [] if status == 422 else contract().faults_of_request(operation, query, _parsed(sent))
        told = [] if "event-stream" in kind else contract().faults_of_answer(operation, status, kind, _parsed(answered))
        for what, faults in (("asked", asked), ("answered", told)):
            self.faults |= {f"{method} {operation.template} {what} {status}: {fault}" for fault in faults}


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content


def assert_kept(faults: Mapping[str, Any] | set[str]) -> None:
    assert not faults, "not as the API's document says:\n" + "\n".join(sorted(faults))
