"""A small stand-in for the gateway: the API's shapes over real HTTP, with enough state for decisions and lost races.

Only for tests of the browser UI that must not need the whole system; the end-to-end tests use the real one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support import fake_records as records
from tests.support.fake_absences import AbsenceAnswers
from tests.support.fake_answers import Ask, Json, narrowed, problem, too_large
from tests.support.fake_audit import AuditAnswers
from tests.support.fake_beside import BesideAnswers, FakeFiles
from tests.support.fake_card import CardAnswers, customer_facts
from tests.support.fake_circulation import OWN_ACTIONS, CirculationAnswers
from tests.support.fake_evidence import EvidenceAnswers
from tests.support.fake_firm import FirmAnswers
from tests.support.fake_inbox import InboxAnswers
from tests.support.fake_kinds import KindAnswers, refused_fields
from tests.support.fake_live import LiveAnswers
from tests.support.fake_mail import MailAnswers
from tests.support.fake_opinions import ACTIONS as ON_OPINIONS
from tests.support.fake_opinions import OpinionAnswers
from tests.support.fake_people import PeopleAnswers
from tests.support.fake_previews import PreviewAnswers
from tests.support.fake_routes import RouteAnswers
from tests.support.fake_samples import SampleAnswers
from tests.support.fake_search import SearchAnswers
from tests.support.fake_signing_in import PASSWORD, TOTP_CODE, SigningInAnswers
from tests.support.fake_templates import TemplateAnswers
from tests.support.fake_webhooks import WebhookAnswers

__all__ = ["PASSWORD", "TOTP_CODE", "FakeGateway"]

DECISIONS = {"approve": "APPROVED", "reject": "REJECTED", "return": "RETURNED"}


class FakeGateway(
    AbsenceAnswers,
    AuditAnswers,
    BesideAnswers,
    CardAnswers,
    CirculationAnswers,
    EvidenceAnswers,
    FirmAnswers,
    InboxAnswers,
    KindAnswers,
    LiveAnswers,
    MailAnswers,
    OpinionAnswers,
    PeopleAnswers,
    PreviewAnswers,
    RouteAnswers,
    SampleAnswers,
    SearchAnswers,
    SigningInAnswers,
    TemplateAnswers,
    WebhookAnswers,
):
    """State and handlers. `fail(path_part, status)` makes matching requests fail; `delay` slows every answer down."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Json]] = set()
        self._followers: set[asyncio.Queue[Json]] = set()
        self.refreshes = 0
        self.reset()

    def reset(self) -> None:
        """As at the beginning, for the next test; who is signed in stays so."""
        self.users = records.users()
        self.customers = records.customers()
        self.approvals = {item["id"]: item for item in records.approvals(self.users, self.customers)}
        self.history: dict[str, list[Json]] = {
            key: records.history(item, self.users) for key, item in self.approvals.items()
        }
        self.reset_people()
        self.reset_kept()
        self.remarks: dict[str, list[Json]] = {}
        self.proxies: dict[str, Json] = {}
        self.reset_routes()
        self.reset_circulation()
        self.reset_templates()
        self.reset_firm()
        self.reset_samples()
        self.files = FakeFiles()
        self.notifications = records.notifications(list(self.approvals.values()))
        self.processes = {item["id"]: item for item in records.processes()}
        self.reset_audit()
        self.reset_mail()
        self.reset_webhooks()
        self.reset_inbox()
        self.failures: list[tuple[str, int]] = []
        self.delay = 0.0
        self.requests: list[tuple[str, str, Json | None]] = []
        self.token_seconds = 900
        self.totp_users: set[str] = set()
        self._keys: dict[tuple[str, str], tuple[int, Any]] = {}
        self._numbers = itertools.count(413)

    # -- what tests do -------------------------------------------------------------------------------------------

    def fail(self, part: str, status: int = 503) -> None:
        """What asks for an address with this part in its path or query is refused until `mend`."""
        self.failures.append((part, status))

    def mend(self) -> None:
        self.failures.clear()

    def sent(self, method: str, path_part: str) -> list[Json | None]:
        """Bodies of the requests that came, in order."""
        return [body for verb, path, body in self.requests if verb == method and path_part in path]

    def decide_as(self, name: str, approval_id: str, decision: str) -> None:
        """Somebody else is faster."""
        who = next(user for user in self.users.values() if user["email"].startswith(f"{name}@"))
        self._decide(self.approvals[approval_id], who, decision, "")

    def announce(self, notification: Json) -> None:
        self.notifications.insert(0, notification)
        for queue in self._listeners:
            queue.put_nowait(notification)
        if notification["resourceType"] == "approval":
            self.tell_change(notification["resourceId"])

    def close_notices(self, item: Json) -> None:
        """What a request's end does to the notices about it: they are read, and streams tell the new count."""
        for notice in self.notifications:
            if notice["resourceId"] == item["id"]:
                notice["readAt"] = records.iso()
        for queue in self._listeners:
            queue.put_nowait({})
        self.tell_change(item["id"])

    def add_waiting_copy(self, item: Json, title: str) -> None:
        copy = {**item, "id": records.uuid_of(title), "number": "RNG-2026-000999", "title": title}
        self.approvals[copy["id"]] = copy | {"submittedAt": records.iso(1)}
        self.history[copy["id"]] = list(self.history[item["id"]])

    def notice_about(self, item: Json, title: str) -> Json:
        subject = {"resourceType": "approval", "resourceId": item["id"], "type": "APPROVAL_WAITING"}
        return {
            "id": records.uuid_of(title),
            "title": title,
            "body": "",
            "readAt": None,
            "createdAt": records.iso(),
            **subject,
        }

    def customer_id(self, name: str) -> str:
        return next(str(customer["id"]) for customer in self.customers.values() if customer["name"] == name)

    def waiting(self, email: str) -> list[Json]:
        user_id = next(user["id"] for user in self.users.values() if user["email"] == email)
        return [item for item in self.approvals.values() if self._waits_for(item, user_id)]

    # -- the API -------------------------------------------------------------------------------------------------

    def app(self) -> Starlette:
        api = "/api/v1"
        table: list[tuple[str, str, Callable[..., Any]]] = [
            *self.people_routes(),
            *self.audit_routes(),
            *self.route_table(),
            *self.firm_routes(),
            *self.kind_routes(),
            *self.sample_routes(),
            *self.evidence_routes(),
            *self.circulation_table(),
            *self.template_table(),
            ("GET", "/approvals/pending", self._pending),
            ("GET", "/approvals/counts", self._counts),
            *self.inbox_routes(),
            ("GET", "/approvals", self._all_approvals),
            ("POST", "/approvals/preview", self._preview),
            ("POST", "/approvals", self._create),
            ("GET", "/approvals/stream", self._news),
            ("GET", "/approvals/{id}", self._one),
            ("PUT", "/approvals/{id}", self._replace),
            ("GET", "/approvals/{id}/comments", self._comments),
            ("POST", "/approvals/{id}/comments", self._comment),
            ("GET", "/approvals/{id}/attachments", self._attachments),
            ("POST", "/approvals/{id}/attachments", self._attach),
            ("GET", "/approvals/{id}/attachments/{file}", self._download),
            ("DELETE", "/approvals/{id}/attachments/{file}", self._detach),
            ("PATCH", "/approvals/{id}/{action}", self._act),
            *self.proxy_routes(),
            *self.mail_routes(),
            *self.webhook_routes(),
            *self.card_routes(),
            ("GET", "/customers/search", self._customer_search),
            ("GET", "/customers/{id}", self._customer),
            ("GET", "/reports/approval-statistics", self._statistics),
            ("GET", "/notifications", self._notifications),
            ("GET", "/notifications/unread", self._unread),
            ("GET", "/notifications/stream", self._stream),
            ("PATCH", "/notifications/read-all", self._read_all),
            ("PATCH", "/notifications/{id}/read", self._read),
            ("DELETE", "/notifications/{id}", self._forget),
            ("GET", "/sagas", self._sagas),
            ("GET", "/sagas/{id}", self._saga),
            ("POST", "/sagas/{id}/{action}", self._operate),
            ("GET", "/search", self._search),
            ("POST", "/auth/logout", self._logout),
        ]
        routes = [Route(api + path, self._guarded(handler), methods=[verb]) for verb, path, handler in table]
        routes += [
            Route(f"{api}/auth/login", self._login, methods=["POST"]),
            Route(f"{api}/auth/login/code", self._login_code, methods=["POST"]),
            Route(f"{api}/auth/refresh", self._refresh, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    def _guarded(self, handler: Callable[..., Any]) -> Callable[[Request], Any]:
        async def call(request: Request) -> Response:
            content = await request.body()
            is_form = request.headers.get("content-type", "").startswith("multipart/")
            body = dict(await request.form()) if is_form else json.loads(content) if content else None
            self.requests.append((request.method, request.url.path, body))
            if self.delay:
                await asyncio.sleep(self.delay)
            for part, status in self.failures:
                if part in f"{request.url.path}?{request.url.query}":
                    return problem(status, "unavailable", "一時的に利用できません")
            user = self.users.get(request.headers.get("authorization", "").removeprefix("Bearer ").split("|")[0])
            if user is None:
                return problem(401, "unauthorized", "サインインが必要です")
            if not records.is_id(request.path_params.get("id", records.uuid_of("any"))):
                message = "ID の形式が正しくありません"
                error = {"pointer": "/id", "in": "path", "code": "uuid_parsing", "message": message}
                return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
            key = request.headers.get("idempotency-key")
            if request.method in {"POST", "PATCH"} and key and (user["id"], key) in self._keys:
                status, answer = self._keys[user["id"], key]
                return JSONResponse(answer, status_code=status)
            answer = handler(Ask(request, user, body or {}))
            if isinstance(answer, Response):
                return answer
            created = (self._create, self._comment, self._attach, self._give_proxy, self._new_route, self._save_view)
            created += (self._enter_rate, self._draw_sample, self._keep_template, self._hold)
            status = 201 if request.method == "POST" and handler in created else self.status_of_bulk(handler)
            if key:
                self._keys[user["id"], key] = (status, answer)
            headers = {"ETag": f'"{answer["version"]}"'} if isinstance(answer, dict) and "version" in answer else {}
            return JSONResponse(answer, headers=headers, status_code=status)

        return call

    def _shown(self, item: Json, user: Json) -> Json:
        mine, waits = item["requesterId"] == user["id"], self._waits_for(item, user["id"])
        actions = ["APPROVE", "REJECT", "RETURN", "ADD_APPROVER", "REASSIGN"] if waits else []
        actions += OWN_ACTIONS.get(item["state"] if mine else "", [])
        last = self.history[item["id"]][-1] if self.history.get(item["id"]) else {"action": "", "actorId": ""}
        if item["state"] == "PENDING" and (last["action"], last["actorId"]) == ("APPROVE", user["id"]):
            actions.append("TAKE_BACK")
        stage = item["stages"][item["stage"]] if item["stages"] else {"approvers": []}
        waiting = stage["approvers"] if item["state"] == "PENDING" else []
        stands_in_for = self.principal_in(item, user) if waits else None
        actions = self.opinion_actions(item, user, actions)
        shown = {**item, "allowedActions": actions, "waitingFor": waiting, "standsInFor": stands_in_for}
        shown |= self.shown_opinions(item, user)
        return shown | {"attachmentCount": self.files.count(item["id"])}

    def _list(self, items: list[Json], ask: Ask) -> Json:
        params = ask.request.query_params
        limit, start = int(params.get("limit", 50)), int(params.get("cursor") or 0)
        part = items[start : start + limit]
        following = str(start + limit) if start + limit < len(items) else None
        return {"items": [self._shown(item, ask.user) for item in part], "nextCursor": following}

    def _pending(self, ask: Ask) -> Json:
        waiting = self._awake(ask, asleep=ask.request.query_params.get("snoozed") == "true")
        if ask.request.query_params.get("sort") == "deadlineAt":
            waiting.sort(key=lambda item: item["deadlineAt"] or "9")
        return self._list(narrowed(waiting, ask), ask)

    def _all_approvals(self, ask: Ask) -> Json:
        found = self.wanting(ask) if "wantsOpinion" in ask.request.query_params else self.approvals.values()
        return self._list(narrowed(found, ask), ask)

    def _one(self, ask: Ask) -> Any:
        item = self.approvals.get(ask.request.path_params["id"])
        if item is None:
            return problem(404, "not_found", "見つかりません")
        customer = self.customers.get(item["customerId"] or "")
        facts = customer and customer_facts(item, customer)
        return {**self._shown(item, ask.user), "customerFacts": facts, **self.holds_of(item, ask.user)}

    def _act(self, ask: Ask) -> Any:
        item, action = self.approvals[ask.request.path_params["id"]], ask.request.path_params["action"]
        if action in DECISIONS:
            stale = ask.body.get("revision", item["revision"]) != item["revision"]
            if stale or not self._waits_for(item, ask.user["id"]):
                return self._lost(item)
            if action != "approve" and not ask.body.get("comment"):
                message = "理由を入力してください"
                error = {"pointer": "/comment", "in": "body", "code": "comment_required", "message": message}
                return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
            unnoted = set(item["flags"]) - set(ask.body.get("acknowledgedFlags", item["flags"]))
            if action == "approve" and unnoted:
                return problem(409, "flags_not_acknowledged", "注意事項の確認が必要です", flags=sorted(unnoted))
            self._decide(item, ask.user, action, ask.body.get("comment", ""))
        elif action == "add-approver":
            added = self.users[ask.body["userId"]]
            own = item["stages"][item["stage"]] | {"name": "追加承認", "approverIds": [added["id"]], "mode": "ANY"}
            own["approvers"] = [records.person(added)]
            item["stages"].insert(item["stage"] + (not ask.body.get("before", False)), own)
            self._record(item, ask.user, "ADD_APPROVER", ask.body.get("comment", ""))
        elif action in ON_OPINIONS:
            self.act_on_opinion(item, ask, action)
        elif action == "nudge":
            self._record(item, ask.user, "NUDGE", "")
        elif action == "take-back":
            item["stage"] -= 1
            self._record(item, ask.user, "TAKE_BACK", ask.body.get("comment", ""))
        elif action == "reassign":
            stage = item["stages"][item["stage"]]
            taker = self.users[ask.body["toId"]]
            stage["approverIds"] = [taker["id"] if i == ask.body["fromId"] else i for i in stage["approverIds"]]
            stage["approvers"] = [records.person(self.users[i]) for i in stage["approverIds"]]
            self._record(item, ask.user, "REASSIGN", ask.body["reason"])
        elif action in {"submit", "resubmit"} and (refused := refused_fields(item, whole=True)):
            return refused
        else:
            state = {"recall": "RECALLED", "resubmit": "PENDING", "submit": "PENDING"}[action]
            item["revision"] += action == "resubmit"
            item["state"] = state
            self._record(item, ask.user, action.upper(), ask.body.get("comment", ""))
        return self._shown(item, ask.user)

    def _decide(self, item: Json, user: Json, decision: str, comment: str) -> None:
        last = item["stage"] + 1 >= len(item["stages"])
        self._record(item, user, decision.upper(), comment)
        self.history[item["id"]][-1] |= self.on_behalf(item, user)
        if decision == "approve" and not last:
            item["stage"] += 1
        else:
            item |= {
                "state": DECISIONS[decision],
                "decidedAt": records.iso(),
                "decidedBy": user["id"],
                "decidedByName": user["name"],
            }
        item["version"] += 1

    def _lost(self, item: Json) -> JSONResponse:
        last = self.history[item["id"]][-1]
        members = {"state": item["state"], "decidedBy": last["actorName"], "decidedAt": last["at"]}
        return problem(409, "already_decided", "すでに決裁されています", **members)

    def _record(self, item: Json, user: Json, action: str, comment: str) -> None:
        entries = self.history[item["id"]]
        previous = entries[-1]["hash"] if entries else "0" * 64
        entries.append(records.entry(action, user, comment, item, previous, sequence=len(entries) + 1))
        self.keep_what_was_seen(item)

    def _create(self, ask: Ask) -> Any:
        refused = too_large(ask) or refused_fields(ask.body, whole=not ask.body.get("draft"))
        if refused:
            return refused
        route = self._route(ask)
        customer = self.customers.get(ask.body.get("customerId", ""))
        item = records.approval(
            next(self._numbers), ask.body["title"], ask.user, customer, ask.body.get("amount"), route
        )
        item |= {name: ask.body[name] for name in ("kind", "description", "currency") if name in ask.body}
        item["fields"] = ask.body.get("fields", {})
        if not ask.body.get("draft"):
            item |= self.compared(item["amount"], item["currency"])
        item["state"] = "DRAFT" if ask.body.get("draft") else "PENDING"
        self.approvals[item["id"]] = item
        self.history[item["id"]] = []
        self._record(item, ask.user, "DRAFT" if ask.body.get("draft") else "SUBMIT", "")
        return self._shown(item, ask.user)

    def _replace(self, ask: Ask) -> Any:
        item = self.approvals[ask.request.path_params["id"]]
        if ask.request.headers.get("if-match") != f'"{item["version"]}"':
            return problem(412, "precondition_failed", "ほかの人が先に変更しました", currentVersion=item["version"])
        if refused := refused_fields(ask.body, whole=False):
            return refused
        names = ("title", "description", "kind", "fields", "currency")
        item |= {name: ask.body[name] for name in names if name in ask.body}
        item |= {"amount": ask.body.get("amount"), "version": item["version"] + 1}
        return self._shown(item, ask.user)

    def _statistics(self, _ask: Ask) -> Json:
        return records.statistics()
