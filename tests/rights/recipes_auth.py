"""Users, sessions, administration and what everybody does for themselves."""

from typing import Any, Final

import jwt

from services.analytics.mail.tokens import Unsubscribing
from services.contracts.states import NotificationType
from services.kit.running.ids import new_id
from services.kit.running.keyring import Keyring
from tests.rights.recipes import ALL, STALE, Ask, Case, asks, listed, simple
from tests.rights.world import route_body
from tests.support.keys import key_for
from tests.support.system import PASSWORD
from tests.support.waiting import eventually

# Public, and oneself --------------------------------------------------------------------------------

simple("POST", "/auth/login", lambda _case: Ask("/auth/login", {"email": _nobody(), "password": "wrong"}))
simple("POST", "/auth/login/code", lambda _case: Ask("/auth/login/code", {"challenge": "forged", "totp": "000000"}))
simple("POST", "/auth/refresh", lambda _case: Ask("/auth/refresh", {"refreshToken": "unknown"}))
simple("GET", "/auth/.well-known/jwks.json", lambda _case: Ask("/auth/.well-known/jwks.json"))


@asks("POST", "/auth/password/reset")
async def _reset(case: Case) -> Ask:
    link = await case.world.admin.ask("POST", f"/auth/users/{case.caller.id}/password-reset")
    return Ask("/auth/password/reset", {"token": link.json["token"], "newPassword": "password"})


@asks("POST", "/auth/logout")
async def _logout(case: Case) -> Ask:
    return Ask("/auth/logout", token=(await case.world.sign_in(case.caller))["accessToken"])


_WEAK: Final = {"currentPassword": PASSWORD, "newPassword": "password"}
for _path, _body in {
    "/auth/password": _WEAK,
    "/auth/totp/enrol": None,
    "/auth/totp/verify": {"code": "000000"},
    "/auth/totp/recovery-codes": {"code": "000000"},
    "/auth/totp/disable": {"code": "000000"},
}.items():
    simple("POST", _path, lambda _case, path=_path, body=_body: Ask(path, body))  # type: ignore[misc]
for _path in (
    "/auth/me",
    "/auth/roles",
    "/approvals/counts",
    "/approvals/evidence-keys",
    "/approvals/kinds",
    "/approvals/stream",
    "/notifications/preferences",
    "/notifications/stream",
    "/approval-routes",
):
    simple("GET", _path, lambda _case, path=_path: Ask(path))  # type: ignore[misc]
simple("PUT", "/notifications/preferences", lambda _case: Ask("/notifications/preferences", {"items": []}))
for _method in ("GET", "POST"):
    simple(
        _method,
        "/notifications/unsubscribe",
        lambda case: Ask(f"/notifications/unsubscribe?token={_no_more_mail(case)}"),
    )
simple("GET", "/notifications/mail", lambda _case: Ask("/notifications/mail"))
simple(
    "PUT",
    "/notifications/mail",
    lambda _case: Ask("/notifications/mail", {"defaults": [{"type": "TASK_ASSIGNED", "mail": False}]}),
)
simple(
    "DELETE",
    "/notifications/mail/failing/{user_id}",
    # Nobody's address fails in the world of these tests, so whoever may ask is told that there is none.
    lambda case: Ask(f"/notifications/mail/failing/{case.owner.id}"),
)
simple("PATCH", "/notifications/read-all", lambda _case: Ask("/notifications/read-all"))

# Notifications --------------------------------------------------------------------------------------


def _no_more_mail(case: Case) -> str:
    whose = Unsubscribing(case.caller.id, NotificationType.TASK_ASSIGNED)
    return whose.token(Keyring(key_for("mail")))


def _notification(case: Case) -> str:
    found: str = case.world.of("notification", case.owner)
    return found


simple("GET", "/notifications", lambda case: Ask(f"/notifications?{ALL}", verdict=listed(_notification(case))))


@asks("GET", "/notifications/unread")
async def _unread(case: Case) -> Ask:
    return Ask("/notifications/unread", verdict=listed(await case.world.notify(case.owner)))


simple(
    "PATCH",
    "/notifications/{notification_id}/read",
    lambda case: Ask(f"/notifications/{_notification(case)}/read"),
)


@asks("DELETE", "/notifications/{notification_id}")
async def _delete_notification(case: Case) -> Ask:
    return Ask(f"/notifications/{await case.world.notify(case.owner)}")


# Users ----------------------------------------------------------------------------------------------

simple("GET", "/auth/users", lambda case: Ask(f"/auth/users?{ALL}", verdict=listed(case.owner.id)))
simple("GET", "/auth/users/{user_id}", lambda case: Ask(f"/auth/users/{case.owner.id}"))
simple("PUT", "/auth/users/{user_id}", lambda case: Ask(f"/auth/users/{case.owner.id}", {"name": "山田"}, STALE))
simple("DELETE", "/auth/users/{user_id}", lambda case: Ask(f"/auth/users/{case.owner.id}", headers=STALE))
for _method, _what in (("POST", "restore"), ("GET", "deletion-preview"), ("POST", "password-reset")):
    simple(
        _method,
        f"/auth/users/{{user_id}}/{_what}",
        lambda case, what=_what: Ask(f"/auth/users/{case.owner.id}/{what}"),  # type: ignore[misc]
    )
simple("GET", "/auth/sessions", lambda case: Ask(f"/auth/sessions?userId={case.owner.id}"))


@asks("DELETE", "/auth/sessions/{session_id}")
async def _end_session(case: Case) -> Ask:
    token = (await case.world.sign_in(case.owner))["accessToken"]
    session = jwt.decode(token, options={"verify_signature": False})["sid"]
    return Ask(f"/auth/sessions/{session}?userId={case.owner.id}")


# Administration -------------------------------------------------------------------------------------

simple("POST", "/auth/users", lambda _case: Ask("/auth/users", _new_user()))
simple("GET", "/departments", lambda _case: Ask("/departments"))
simple("POST", "/departments", lambda _case: Ask("/departments", {"name": ""}))
simple("GET", "/departments/{department_id}", lambda case: Ask(f"/departments/{case.world.department_id}"))
simple(
    "PUT",
    "/departments/{department_id}",
    lambda case: Ask(f"/departments/{case.world.department_id}", {"name": "照合部"}, STALE),
)
simple(
    "DELETE",
    "/departments/{department_id}",
    lambda case: Ask(f"/departments/{case.world.department_id}", headers=STALE),
)
simple("GET", "/auth/audit-logs", lambda _case: Ask("/auth/audit-logs?limit=1"))
simple("GET", "/auth/audit-logs/export", lambda _case: Ask("/auth/audit-logs/export?to=2000-01-01"))
simple("GET", "/auth/audit-verification", lambda _case: Ask("/auth/audit-verification"))
simple("POST", "/auth/audit-verification", lambda _case: Ask("/auth/audit-verification"))
simple("POST", "/auth/temporal/decode", lambda _case: Ask("/auth/temporal/decode", {"payloads": []}))
simple("GET", "/auth/access-review", lambda _case: Ask("/auth/access-review?limit=1"))
simple("GET", "/auth/access-review/export", lambda _case: Ask("/auth/access-review/export?role=ops"))


@asks("GET", "/auth/audit-logs/{audit_id}")
async def _audit_entry(case: Case) -> Ask:
    async def some_entry() -> str | None:
        listed = await case.world.admin.ask("GET", "/auth/audit-logs?limit=1")
        return str(listed.json["items"][0]["id"]) if listed.json["items"] else None

    return Ask(f"/auth/audit-logs/{await eventually(some_entry, what='an entry of the audit log')}")


simple("GET", "/approval-routes/{route_id}", lambda case: Ask(f"/approval-routes/{case.world.route_id}"))
simple("POST", "/approval-routes", lambda _case: Ask("/approval-routes", route_body()))
simple(
    "PUT",
    "/approval-routes/{route_id}",
    lambda case: Ask(f"/approval-routes/{case.world.route_id}", route_body(), STALE),
)
simple(
    "POST",
    "/approval-routes/try",
    lambda case: Ask("/approval-routes/try", {"kind": "OTHER", "requesterId": str(case.owner.id)}),
)
simple(
    "POST",
    "/approval-routes/simulate",
    lambda _case: Ask("/approval-routes/simulate", {"draft": {"route": route_body()}}),
)
simple("GET", "/approval-routes/naming", lambda case: Ask(f"/approval-routes/naming?userId={case.owner.id}"))
simple("GET", "/approval-routes/alarms", lambda _case: Ask("/approval-routes/alarms"))
for _rest in ("", "/1"):
    simple(
        "GET",
        f"/approval-routes/{{route_id}}/versions{'/{number}' if _rest else ''}",
        lambda case, rest=_rest: Ask(f"/approval-routes/{case.world.route_id}/versions{rest}"),  # type: ignore[misc]
    )
simple(
    "PUT",
    "/approval-routes/{route_id}/versions/{number}",
    lambda case: Ask(f"/approval-routes/{case.world.route_id}/versions/1", route_body(), STALE),
)
simple(
    "DELETE",
    "/approval-routes/{route_id}/versions/{number}",
    lambda case: Ask(f"/approval-routes/{case.world.route_id}/versions/1", None, STALE),
)


def _nobody() -> str:
    """An address that nobody has."""
    return f"{new_id()}@ringi.example"


def _new_user() -> dict[str, Any]:
    return {"email": _nobody(), "name": "新人", "password": PASSWORD, "roles": ["rep"]}
