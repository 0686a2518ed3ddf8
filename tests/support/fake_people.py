"""People as administrators see them, and departments, as the stand-in for the gateway keeps and answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

SALES, TEAM = records.uuid_of("department 営業本部"), records.uuid_of("department 第一営業部")


def department(name: str, **members: Any) -> Json:
    return {
        "id": records.uuid_of(f"department {name}"),
        "name": name,
        "code": None,
        "parentId": None,
        "headId": None,
        "headName": None,
        "members": 0,
        "version": 1,
        "createdAt": records.iso(-9000),
        "updatedAt": records.iso(-9000),
    } | members


class PeopleAnswers:
    """Handlers of accounts, sessions and departments; versions count up with each change."""

    users: dict[str, Json]
    processes: dict[str, Json]
    departments: dict[str, Json]

    def reset_people(self) -> None:
        head = self.users[records.uuid_of("manager")]
        made = [
            department("営業本部", code="S"),
            department("第一営業部", code="S1", parentId=SALES, headId=head["id"], headName=head["name"], members=2),
        ]
        self.departments = {one["id"]: one for one in made}
        for name in ("rep", "rep2"):
            self.users[records.uuid_of(name)]["departmentId"] = TEAM

    def people_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        user, one = "/auth/users/{id}", "/departments/{id}"
        return [
            ("GET", "/auth/users", self._users),
            ("POST", "/auth/users", self._add_user),
            ("GET", user, self._user),
            ("PUT", user, self._change_user),
            ("GET", f"{user}/deletion-preview", self._leaving),
            ("DELETE", user, self._leave),
            ("GET", "/auth/sessions", self._sessions_of),
            ("DELETE", "/auth/sessions/{id}", self._nothing),
            ("GET", "/departments", self._tree),
            ("POST", "/departments", self._add_department),
            ("GET", one, self._department),
            ("PUT", one, self._change_department),
            ("DELETE", one, self._delete_department),
        ]

    def _users(self, ask: Ask) -> Json:
        given = ask.request.query_params
        found = [
            user
            for user in self.users.values()
            if given.get("q", "") in user["name"]
            and given.get("role", "") in {"", *user["roles"]}
            and given.get("departmentId", "") in {"", user["departmentId"]}
            and given.get("state", "") in {"", user["state"]}
        ]
        return {"items": found, "nextCursor": None}

    def _versioned_record(self, item: Json, status: int = 200) -> Response:
        return JSONResponse(item, status, {"ETag": f'"{item["version"]}"'})

    def _user(self, ask: Ask) -> Response:
        found = self.users.get(ask.request.path_params["id"])
        if found is None:
            return problem(404, "not_found", "見つかりません")
        return self._versioned_record(found | {"lastSignInAt": records.iso(-3)})

    def _add_user(self, ask: Ask) -> Response:
        made = {
            **self.users[records.uuid_of("rep")],
            **ask.body,
            "id": records.uuid_of(ask.body["email"]),
            "version": 1,
        }
        del made["password"]
        self.users[made["id"]] = made
        return self._versioned_record(made, 201)

    def _change_user(self, ask: Ask) -> Response:
        found = self.users[ask.request.path_params["id"]]
        if ask.body.get("state") == "SUSPENDED" and "admin" in found["roles"]:
            return problem(409, "last_admin", "最後の管理者は変更できません")
        found |= ask.body | {"version": found["version"] + 1}
        return self._versioned_record(found)

    def _leaving(self, ask: Ask) -> Json:
        conflict = {"kind": "approvals", "resourceId": records.uuid_of("request"), "number": "RNG-2026-000412"}
        conflict |= {"reason": "own_request", "resolution": "other_approver"}
        return {
            "userId": ask.request.path_params["id"],
            "items": [
                {"kind": "reports", "count": 4},
                {"kind": "departments_headed", "count": 1, "names": ["第一営業部"]},
                {"kind": "customers", "count": 128},
            ],
            "conflicts": [conflict] if ask.request.query_params.get("successorId") else [],
            "complete": True,
        }

    def _leave(self, _ask: Ask) -> Response:
        return JSONResponse({"sagaId": next(iter(self.processes))}, 202)

    def _sessions_of(self, ask: Ask) -> Json:
        own = ask.request.query_params.get("userId") == ask.user["id"]
        device = {"createdAt": records.iso(-30), "lastUsedAt": records.iso(-1), "expiresAt": records.iso(300)}
        agents = ("Mozilla/5.0 (Windows NT 10.0)", "Mozilla/5.0 (iPhone)")
        return {
            "items": [
                device | {"id": records.uuid_of(agent), "ip": "192.0.2.7", "userAgent": agent, "current": own and not n}
                for n, agent in enumerate(agents)
            ]
        }

    def _nothing(self, _ask: Ask) -> Response:
        return Response(status_code=204)

    def _tree(self, _ask: Ask) -> Json:
        found: list[Json] = []

        def tell(parent: str | None, depth: int) -> None:
            for one in self.departments.values():
                if one["parentId"] == parent:
                    found.append(one | {"depth": depth})
                    tell(one["id"], depth + 1)

        tell(None, 0)
        return {"items": found}

    def _department(self, ask: Ask) -> Response:
        found = self.departments.get(ask.request.path_params["id"])
        return problem(404, "not_found", "見つかりません") if found is None else self._versioned_record(found)

    def _refused_name(self, ask: Ask, own: str = "") -> Response | None:
        if all(one["name"] != ask.body["name"] or one["id"] == own for one in self.departments.values()):
            return None
        message = "同じ名前の部門があります"
        error = {"pointer": "/name", "in": "body", "code": "name_taken", "message": message}
        return problem(409, "name_taken", message, errors=[error])

    def _with_head(self, values: Json) -> Json:
        head = self.users.get(values.get("headId") or "")
        return values | {"headName": head["name"] if head else None}

    def _add_department(self, ask: Ask) -> Response:
        refused = self._refused_name(ask)
        if refused is not None:
            return refused
        made = department(**self._with_head(ask.body))
        self.departments[made["id"]] = made
        return self._versioned_record(made, 201)

    def _change_department(self, ask: Ask) -> Response:
        found = self.departments[ask.request.path_params["id"]]
        refused = self._refused_name(ask, found["id"])
        if refused is not None:
            return refused
        found |= self._with_head(ask.body) | {"version": found["version"] + 1}
        return self._versioned_record(found)

    def _delete_department(self, ask: Ask) -> Response:
        found = self.departments[ask.request.path_params["id"]]
        if found["members"] or any(one["parentId"] == found["id"] for one in self.departments.values()):
            return problem(409, "department_in_use", "使われている部門は削除できません")
        del self.departments[found["id"]]
        return Response(status_code=204)
