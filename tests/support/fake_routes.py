"""Approval routes of the stand-in for the gateway: versions with dates, trials of what is drafted, simulations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

CONTENT = (
    *("name", "kind", "minAmount", "maxAmount", "currency", "minAge", "riskTolerances", "priority", "stages"),
    "active",
)


def stage(name: str, *people: Json, **fields: Any) -> Json:
    empty = {"resolvers": [], "quorum": None, "deadlineHours": None, "businessDays": False, "viewerIds": []}
    empty |= {"viewWhen": "STAGE", "reviewerIds": []}
    escalation = {"escalateTo": None, "escalateToResolver": None}
    return {"name": name, "approverIds": [who["id"] for who in people], "mode": "ANY"} | empty | escalation | fields


_PRESENT: Json = {"absent": False, "absentFrom": None, "absentUntil": None, "proxies": []}


class RouteAnswers:
    """State and handlers; ``versions`` by route, the oldest first."""

    users: dict[str, Json]
    versions: dict[str, list[Json]]

    def reset_routes(self) -> None:
        self.versions = {}
        admin, approver = (records.by_email(self.users, name) for name in ("admin", "approver"))
        other, manager = (records.by_email(self.users, name) for name in ("approver2", "manager"))
        large = stage("部長承認", approver, other, mode="QUORUM", quorum=2, deadlineHours=24, businessDays=True)
        large |= {"escalateTo": manager["id"]}
        self.add_route("大口の特別手数料", [stage("上長承認", resolvers=["MANAGER_OF_REQUESTER"]), large], admin)
        self.add_route("高齢のお客さま", [stage("適合性", approver)], admin, minAge=75, priority=20)

    def add_route(self, name: str, stages: list[Json], by: Json, **fields: Any) -> str:
        route_id = records.uuid_of(f"route {name}")
        content = {"kind": None, "minAmount": None, "maxAmount": None, "currency": "JPY", "minAge": None}
        content |= {"riskTolerances": [], "priority": 10, "active": True, "name": name, "stages": stages} | fields
        self.versions[route_id] = [_version(route_id, 1, content, by, records.iso(-2400), "")]
        return route_id

    def route_table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        root = "/approval-routes"
        return [
            ("GET", root, self._routes),
            ("POST", root, self._new_route),
            ("POST", f"{root}/try", self._try),
            ("POST", f"{root}/simulate", self._simulate),
            ("GET", f"{root}/naming", self._naming),
            ("GET", f"{root}/alarms", self._alarms),
            ("GET", f"{root}/{{id}}", self._route_of),
            ("PUT", f"{root}/{{id}}", self._replace_route),
            ("GET", f"{root}/{{id}}/versions", self._versions),
            ("GET", f"{root}/{{id}}/versions/{{number}}", self._version),
            ("PUT", f"{root}/{{id}}/versions/{{number}}", self._replan),
            ("DELETE", f"{root}/{{id}}/versions/{{number}}", self._withdraw),
        ]

    def _shown_route(self, route_id: str) -> Json:
        standing = [one for one in self.versions[route_id] if not one["withdrawnAt"]]
        valid = sorted((one for one in standing if not _is_ahead(one)), key=lambda one: one["validFrom"])
        planned = [one for one in standing if _is_ahead(one)]
        shown = (valid[-1:] or planned)[0]
        state = "CURRENT" if valid and shown["active"] else "INACTIVE" if valid else "PLANNED"
        brief = [{name: one[name] for name in ("version", "validFrom", "active")} for one in planned]
        content = {name: value for name, value in shown.items() if name not in {"routeId", "withdrawnAt"}}
        return content | {
            "id": route_id,
            "state": state,
            "active": state == "CURRENT",
            "planned": brief,
            "updatedAt": shown["createdAt"],
        }

    def _shown_version(self, one: Json) -> Json:
        state = "WITHDRAWN" if one["withdrawnAt"] else "PLANNED" if _is_ahead(one) else "PAST"
        if state == "PAST" and one["version"] == self._shown_route(one["routeId"])["version"]:
            state = "CURRENT"
        return one | {"state": state}

    def _routes(self, _ask: Ask) -> Json:
        shown = [self._shown_route(route_id) for route_id in self.versions]
        return {"items": sorted(shown, key=lambda route: -route["priority"]), "nextCursor": None}

    def _route_of(self, ask: Ask) -> Any:
        route_id = ask.request.path_params["id"]
        return self._shown_route(route_id) if route_id in self.versions else problem(404, "not_found", "見つかりません")

    def _new_route(self, ask: Ask) -> Json:
        route_id = self.add_route(ask.body["name"], ask.body["stages"], ask.user)
        self.versions[route_id] = [_version(route_id, 1, ask.body, ask.user, ask.body["validFrom"], ask.body["note"])]
        return self._shown_route(route_id)

    def _replace_route(self, ask: Ask) -> Any:
        route_id = ask.request.path_params["id"]
        current = self._shown_route(route_id)["version"]
        if ask.request.headers.get("if-match") != f'"{current}"':
            return problem(412, "precondition_failed", "ほかの人が先に変更しました", currentVersion=current)
        faults = self._faults(ask.body["stages"])
        if faults:
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=faults)
        self._write(route_id, ask)
        return self._shown_route(route_id)

    def _write(self, route_id: str, ask: Ask) -> Json:
        versions = self.versions[route_id]
        at = ask.body.get("validFrom")
        versions.append(_version(route_id, len(versions) + 1, ask.body, ask.user, at, ask.body.get("note", "")))
        return versions[-1]

    def _faults(self, stages: list[Json]) -> list[Json]:
        message = "承認者を指定してください"
        return [
            {"pointer": f"/stages/{place}/approverIds", "in": "body", "code": "no_approvers", "message": message}
            for place, one in enumerate(stages)
            if not one["approverIds"] and not one["resolvers"]
        ]

    def _versions(self, ask: Ask) -> Json:
        versions = self.versions[ask.request.path_params["id"]]
        return {"items": [self._shown_version(one) for one in reversed(versions)], "nextCursor": None}

    def _stored(self, ask: Ask) -> Json:
        return self.versions[ask.request.path_params["id"]][int(ask.request.path_params["number"]) - 1]

    def _version(self, ask: Ask) -> Json:
        return self._shown_version(self._stored(ask))

    def _replan(self, ask: Ask) -> Json:
        self._stored(ask)["withdrawnAt"] = records.iso()
        return self._shown_version(self._write(ask.request.path_params["id"], ask))

    def _withdraw(self, ask: Ask) -> Any:
        self._stored(ask)["withdrawnAt"] = records.iso()
        return Response(status_code=204)

    def _try(self, ask: Ask) -> Any:
        """The drafted route takes everything."""
        route = ask.body["draft"]["route"]
        faults = self._faults(route["stages"])
        if faults:
            faults = [fault | {"pointer": "/draft/route" + fault["pointer"]} for fault in faults]
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=faults)
        stages = [self._tried(one, ask.body["requesterId"]) for one in route["stages"]]
        ref = {"routeId": ask.body["draft"]["routeId"], "version": None, "name": route["name"], "drafted": True}
        met = ["AMOUNT"] if route["minAmount"] is not None else []
        tried = {"taken": True, "met": met, "failed": [], "displaced": False}
        senior = self._shown_route(records.uuid_of("route 高齢のお客さま"))
        other = {"routeId": senior["id"], "version": 1, "name": senior["name"], "drafted": False, "taken": False}
        other |= {"met": [], "failed": ["AGE"], "displaced": False}
        return {
            "at": ask.body["at"] or records.iso(),
            "taken": ref,
            "routes": [other, ref | tried],
            "flags": [],
            "stages": stages,
            "problem": next((one["problem"] for one in stages if one["problem"]), None),
        }

    def _tried(self, one: Json, requester: str) -> Json:
        ids = [*one["approverIds"]]
        if "DEPARTMENT_HEAD" in one["resolvers"]:
            team = self.departments.get(self.users[requester]["departmentId"] or "")
            ids += [team["headId"]] if team and team["headId"] else []
        ids += [self.users[requester]["managerId"]] if "MANAGER_OF_REQUESTER" in one["resolvers"] else []
        able = [user_id for user_id in ids if self.users[user_id]["state"] == "ACTIVE"]
        people = [records.person(self.users[user_id]) | _PRESENT for user_id in able]
        names = ("name", "mode", "quorum", "deadlineHours", "businessDays", "escalateTo")
        left_out = [
            records.person(self.users[user_id]) | {"reason": "SUSPENDED"} for user_id in ids if user_id not in able
        ]
        few = len(able) < (one["quorum"] or 1)
        return {name: one[name] for name in names} | {
            "approverIds": able,
            "approvers": people,
            "leftOut": left_out,
            "problem": {"code": "too_few_approvers", "message": "承認できる人が足りません"} if few else None,
        }

    def _simulate(self, ask: Ask) -> Json:
        route = ask.body["draft"]["route"]
        rep, approver = records.by_email(self.users, "rep"), records.by_email(self.users, "approver")
        ref = {"routeId": ask.body["draft"]["routeId"], "version": None, "name": route["name"], "drafted": True}
        after = [
            {"name": one["name"], "approvers": [records.person(self.users[who]) for who in one["approverIds"]]}
            for one in route["stages"]
        ]
        before = [{"name": "最終承認", "approvers": [records.person(approver)]}]
        item = {
            "approvalId": records.uuid_of("simulated"),
            "number": "RNG-2026-000388",
            "kind": "FEE_DISCOUNT",
            "amount": 45_000_000,
            "currency": "JPY",
            "requesterId": rep["id"],
            "requesterName": rep["name"],
            "submittedAt": records.iso(-300),
            "before": {"route": None, "stages": before, "problem": None},
            "after": {"route": ref, "stages": after, "problem": None},
        }
        counts = {"lookedAt": 214, "more": False, "named": 12, "knownNow": 0, "changed": 1, "items": [item]}
        return {"since": records.iso(-2160), "until": records.iso(), **counts}

    def _naming(self, ask: Ask) -> Json:
        user_id, items = ask.request.query_params["userId"], []
        for route_id in self.versions:
            for one in self.versions[route_id]:
                places = [
                    {"stage": place, "stageName": stage["name"], "part": part}
                    for place, stage in enumerate(one["stages"])
                    for part, named in (("APPROVER", stage["approverIds"]), ("ESCALATION", [stage["escalateTo"]]))
                    if user_id in named
                ]
                if places and self._shown_version(one)["state"] in {"CURRENT", "PLANNED"}:
                    names = ("routeId", "version", "name", "validFrom", "active")
                    shown = {name: one[name] for name in names}
                    items.append(shown | {"planned": _is_ahead(one), "places": places})
        return {"items": items, "nextCursor": None}

    def _alarms(self, _ask: Ask) -> Json:
        """Whoever is suspended among those whom routes name."""
        items = []
        for route_id in self.versions:
            route = self._shown_route(route_id)
            for place, one in enumerate(route["stages"]):
                unable = [self.users[who] for who in one["approverIds"] if self.users[who]["state"] != "ACTIVE"]
                if unable:
                    names = ("version", "name", "validFrom")
                    people = [records.person(who) | {"reason": "SUSPENDED"} for who in unable]
                    facts = {"routeId": route_id, "planned": False, "stage": place, "stageName": one["name"]}
                    few = len(one["approverIds"]) - len(unable) < (one["quorum"] or 1)
                    message = "承認できる人が足りません" if few else None
                    kind = {"kind": "TOO_FEW" if few else "UNABLE", "people": people, "message": message}
                    items.append({name: route[name] for name in names} | facts | kind)
        return {"items": items}


def _is_ahead(one: Json) -> bool:
    return datetime.fromisoformat(one["validFrom"]) > datetime.now(UTC)


def _version(route_id: str, number: int, content: Json, by: Json, at: str | None, note: str) -> Json:
    return {name: content[name] for name in CONTENT} | {
        "routeId": route_id,
        "version": number,
        "validFrom": at or records.iso(),
        "note": note,
        "createdBy": by["id"],
        "createdByName": by["name"],
        "processId": None,
        "createdAt": records.iso(),
        "withdrawnAt": None,
    }
