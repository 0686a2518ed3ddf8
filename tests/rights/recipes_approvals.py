"""Approval requests, proxies, processes and reports."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.contracts.permissions import Role
from services.contracts.states import HoldOffice
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from tests.rights.recipes import ALL, RECIPES, STALE, Ask, Case, Verdict, asks, listed, simple, verdict_of
from tests.rights.table import Outcome
from tests.rights.world import in_days
from tests.support.http import Answer
from tests.support.kind_fields import filled_in
from tests.support.system import Caller

# Approval requests ----------------------------------------------------------------------------------


def _about_customer(case: Case) -> dict[str, Any]:
    return _content() | {
        "customerId": case.world.of("customer", case.owner),
        "approverId": str(case.world.named_stranger.id),
    }


def _content() -> dict[str, Any]:
    return filled_in({"kind": "FEE_DISCOUNT", "title": "手数料の減額"})


def _is_request(case: Case) -> Verdict:
    return listed(case.request)


simple("POST", "/approvals", lambda case: Ask("/approvals", _about_customer(case)))
simple("GET", "/approvals/dossiers", lambda case: Ask(f"/approvals/dossiers?requesterId={case.owner.id}"))
simple("POST", "/approvals/preview", lambda case: Ask("/approvals/preview", _about_customer(case)))
simple("GET", "/approvals", lambda case: Ask(f"/approvals?{ALL}", verdict=_is_request(case)))
simple("GET", "/approvals/pending", lambda case: Ask(f"/approvals/pending?{ALL}", verdict=_is_request(case)))
simple(
    "GET",
    "/approvals/requester/{user_id}",
    lambda case: Ask(f"/approvals/requester/{case.owner.id}?{ALL}", verdict=_is_request(case)),
)
simple(
    "GET",
    "/approvals/approver/{user_id}",
    lambda case: Ask(f"/approvals/approver/{case.approver.id}?{ALL}", verdict=_is_request(case)),
)
for _rest in ("", "/history", "/comments", "/changes", "/circulation", "/dossier", "/attachments"):
    simple(
        "GET",
        f"/approvals/{{approval_id}}{_rest}",
        lambda case, rest=_rest: Ask(f"/approvals/{case.request}{rest}"),  # type: ignore[misc]
    )


@asks("GET", "/approvals/{approval_id}/history/{entry_id}")
async def _entry(case: Case) -> Ask:
    history = await case.world.admin.ask("GET", f"/approvals/{case.request}/history")
    return Ask(f"/approvals/{case.request}/history/{history.json['items'][0]['id']}")


simple("PUT", "/approvals/{approval_id}", lambda case: Ask(f"/approvals/{case.request}", _content(), STALE))
simple(
    "POST",
    "/approvals/{approval_id}/comments",
    lambda case: Ask(f"/approvals/{case.request}/comments", {"body": "確認します"}),
)


simple("GET", "/approvals/circulated", lambda _case: Ask("/approvals/circulated?purpose=READ"))
for _action in ("read", "post-review", "advise"):
    simple(
        "PATCH",
        f"/approvals/{{approval_id}}/{_action}",
        lambda case, action=_action: Ask(  # type: ignore[misc]
            f"/approvals/{case.request}/{action}", {"comment": "確認しました"} if action != "read" else {}
        ),
    )


simple("GET", "/approval-templates", lambda _case: Ask("/approval-templates"))
simple(
    "POST", "/approval-templates", lambda case: Ask("/approval-templates", {"name": "定例", "approvalId": case.request})
)


async def _template_of(case: Case) -> str:
    """One of the caller's own."""
    template = str(new_id())
    database = Database(case.world.system.databases["opportunity"], name="test")
    async with database as db, db.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "INSERT INTO approval_templates (id, owner_id, name, content, version, created_by, created_at, updated_at)"
            " VALUES (%s, %s, '定例', '{}', 1, %s, now(), now())",
            [template, case.caller.id, case.caller.id],
        )
    return f"/approval-templates/{template}"


@asks("GET", "/approval-templates/{template_id}")
async def _read_template(case: Case) -> Ask:
    return Ask(await _template_of(case))


@asks("PATCH", "/approval-templates/{template_id}")
async def _rename_template(case: Case) -> Ask:
    return Ask(await _template_of(case), {"name": "臨時"})


@asks("DELETE", "/approval-templates/{template_id}")
async def _delete_template(case: Case) -> Ask:
    return Ask(await _template_of(case))


def _consulted(case: Case) -> str:
    return str(case.world.named_stranger.id)


@asks("POST", "/approvals/{approval_id}/consultations")
async def _consult(case: Case) -> Ask:
    return Ask(f"/approvals/{case.request}/consultations", {"userIds": [_consulted(case)]})


@asks("DELETE", "/approvals/{approval_id}/consultations/{user_id}")
async def _end_consultation(case: Case) -> Ask:
    return Ask(f"/approvals/{case.request}/consultations/{_consulted(case)}")


@asks("POST", "/approvals/{approval_id}/attachments")
async def _attach(case: Case) -> Ask:
    return Ask(f"/approvals/{await case.request_to_use_up()}/attachments", {"no": "form"})


async def _file_of(case: Case) -> str:
    """One that waits for a scanner: whoever is let in is told so, others are not told of it."""
    file = str(new_id())
    database = Database(case.world.system.databases["opportunity"], name="test")
    async with database as db, db.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "INSERT INTO approval_attachments (id, approval_id, revision, name, media_type, size, sha256, state,"
            " uploaded_by, uploaded_at) VALUES (%s, %s, 1, 'a.pdf', 'application/pdf', 1, repeat('0', 64),"
            " 'QUARANTINED', %s, now())",
            [file, case.request, case.owner.id],
        )
    return f"/approvals/{case.request}/attachments/{file}"


@asks("GET", "/approvals/{approval_id}/attachments/{attachment_id}")
async def _download(case: Case) -> Ask:
    return Ask(await _file_of(case))


@asks("DELETE", "/approvals/{approval_id}/attachments/{attachment_id}")
async def _detach(case: Case) -> Ask:
    return Ask(await _file_of(case))


@asks("POST", "/approvals/{approval_id}/legal-holds")
async def _put_under_hold(case: Case) -> Ask:
    return Ask(f"/approvals/{await case.request_to_use_up()}/legal-holds", {"reason": "照合"})


@asks("POST", "/legal-holds/{hold_id}/release")
async def _release_hold(case: Case) -> Ask:
    """One of the caller's own office, on somebody else's request."""
    office = HoldOffice.AUDIT if case.role is Role.AUDITOR else HoldOffice.ADMINISTRATION
    request, hold = await case.world.name_in_request(case.world.named_stranger), str(new_id())
    database = Database(case.world.system.databases["opportunity"], name="test")
    async with database as db, db.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "INSERT INTO legal_holds (id, approval_id, office, reason, set_by, set_at)"
            " VALUES (%s, %s, %s, '照合', %s, now())",
            [hold, request, office, case.world.asker.id],
        )
    return Ask(f"/legal-holds/{hold}/release", {"reason": "照合"})


def _moves(action: str, body: Callable[[Case], Any]) -> None:
    async def recipe(case: Case) -> Ask:
        return Ask(f"/approvals/{await case.request_to_use_up()}/{action}", body(case))

    RECIPES["PATCH", f"/approvals/{{approval_id}}/{action}"] = recipe


def _holder(case: Case) -> Caller:
    """Who has a place in it."""
    return case.approver if case.is_named else case.world.named_stranger


def _takeover(case: Case) -> dict[str, Any]:
    """By somebody who has no place in it yet."""
    holder = _holder(case)
    people = (case.world.named_reports[Role.REP], case.world.named_reports[Role.AUDITOR])
    successor: UUID = next(person.id for person in people if person is not holder)
    return {"fromId": str(holder.id), "toId": str(successor), "reason": "休暇"}


for _action in ("approve", "reject", "return", "take-back", "recall", "resubmit", "cancel"):
    _moves(_action, lambda _case: {"comment": "確認しました"})
for _action in ("submit", "nudge"):
    _moves(_action, lambda _case: None)
_moves("reassign", _takeover)
_moves("step-in", lambda case: {"insteadOf": str(_holder(case).id), "comment": "確認しました"})
_moves("ask-opinion", lambda case: {"userId": str(case.world.named_stranger.id), "question": "前例は"})
_moves("give-opinion", lambda _case: {"opinion": "異存なし"})
_moves("decline-opinion", lambda _case: {"reason": "担当外"})
_moves("withdraw-opinion", lambda case: {"userId": str(case.world.named_stranger.id)})
_moves("add-approver", lambda case: {"userId": str(case.world.named_stranger.id)})


@asks("POST", "/approvals/bulk-decide")
async def _bulk(case: Case) -> Ask:
    def of_the_row(answer: Answer) -> Outcome:
        if answer.status != 200:
            return verdict_of(answer)
        [row] = answer.json["results"]
        return verdict_of(Answer(row["status"], {}, b""))

    items = [{"id": await case.request_to_use_up()}]
    return Ask("/approvals/bulk-decide", {"decision": "APPROVE", "items": items}, verdict=of_the_row)


@asks("POST", "/approvals/bulk-decisions")
async def _bulk_later(_case: Case) -> Ask:
    """What may be done to an item is asked when its turn comes."""
    return Ask("/approvals/bulk-decisions", {"decision": "APPROVE", "items": [{"id": str(new_id())}]})


def _batch(case: Case) -> str:
    return f"/approvals/bulk-decisions/{case.world.of('batch', case.approver)}"


simple(
    "GET",
    "/approvals/bulk-decisions",
    lambda case: Ask(f"/approvals/bulk-decisions?{ALL}", verdict=listed(case.world.of("batch", case.approver))),
)
for _rest in ("", "/items"):
    simple(
        "GET",
        f"/approvals/bulk-decisions/{{batch_id}}{_rest}",
        lambda case, rest=_rest: Ask(f"{_batch(case)}{rest}"),  # type: ignore[misc]
    )
for _action in ("retry", "cancel"):
    simple(
        "POST",
        f"/approvals/bulk-decisions/{{batch_id}}/{_action}",
        lambda case, action=_action: Ask(f"{_batch(case)}/{action}"),  # type: ignore[misc]
    )


# The inbox ------------------------------------------------------------------------------------------


def _view_body() -> dict[str, Any]:
    return {"name": str(new_id()), "filter": {"kind": "EXPENSE"}}


def _view(case: Case) -> str:
    return f"/approvals/views/{case.world.of('view', case.approver)}"


simple(
    "GET",
    "/approvals/views",
    lambda case: Ask("/approvals/views", verdict=listed(case.world.of("view", case.approver))),
)
simple("POST", "/approvals/views", lambda _case: Ask("/approvals/views", _view_body()))
simple("PUT", "/approvals/views/{view_id}", lambda case: Ask(_view(case), _view_body(), STALE))


@asks("DELETE", "/approvals/views/{view_id}")
async def _delete_view(case: Case) -> Ask:
    return Ask(f"/approvals/views/{await case.world.save_view(case.approver)}")


@asks("PUT", "/approvals/{approval_id}/snooze")
async def _snooze(case: Case) -> Ask:
    return Ask(f"/approvals/{await case.request_to_use_up()}/snooze", {"until": in_days(1)})


@asks("DELETE", "/approvals/{approval_id}/snooze")
async def _wake(case: Case) -> Ask:
    return Ask(f"/approvals/{case.request}/snooze")


# Audit samples --------------------------------------------------------------------------------------


async def _sample_of(case: Case) -> str:
    """One that was drawn from a single request."""
    sample = str(new_id())
    database = Database(case.world.system.databases["opportunity"], name="test")
    async with database as db, db.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "INSERT INTO audit_samples (id, title, criteria, seed, seed_given, asked, population_size,"
            " population_sha256, drawn_by, drawn_at) VALUES (%s, '抜取監査', %s, 's', true, 1, 1,"
            " repeat('0', 64), %s, now())",
            [sample, Jsonb(_DECIDED), case.owner.id],
        )
        await uow.execute("INSERT INTO audit_sample_populations VALUES (%s, '{RNG-2026-000001}')", [sample])
        await uow.execute("INSERT INTO audit_sample_items VALUES (%s, 1, %s)", [sample, case.request])
    return f"/audit-samples/{sample}"


_DECIDED = {"decidedFrom": "2026-07-01T00:00:00Z", "decidedTo": "2026-10-01T00:00:00Z"}
simple("GET", "/audit-samples", lambda _case: Ask("/audit-samples"))
simple(
    "POST",
    "/audit-samples",
    lambda _case: Ask("/audit-samples", {"title": "抜取監査", "count": 1, "population": _DECIDED}),
)


def _on_sample(method: str, rest: str, body: Any = None, at: str = "") -> None:
    async def recipe(case: Case) -> Ask:
        return Ask(f"{await _sample_of(case)}{at or rest}", body, STALE if body else {})

    RECIPES[method, f"/audit-samples/{{sample_id}}{rest}"] = recipe


for _rest in ("", "/items", "/sheet", "/export"):
    _on_sample("GET", _rest)
_on_sample("GET", "/items/{position}", at="/items/1")
_on_sample("PUT", "/items/{position}", {"assessment": "NO_FINDING"}, at="/items/1")
_on_sample("POST", "/close", {"result": "指摘なし"})


# Proxies, processes, reports ------------------------------------------------------------------------


@asks("POST", "/proxies")
async def _give_proxy(case: Case) -> Ask:
    period = {"startsAt": in_days(300), "endsAt": in_days(400)}
    stand_in = case.world.named_reports[Role.OPS]
    if case.approver is stand_in:
        stand_in = case.world.named_reports[Role.REP]
    return Ask("/proxies", {"fromId": str(case.approver.id), "toId": str(stand_in.id), **period})


simple("GET", "/proxies", lambda case: Ask(f"/proxies?{ALL}", verdict=listed(case.world.of("proxy", case.approver))))


simple("GET", "/proxies/{proxy_id}", lambda case: Ask(f"/proxies/{case.world.of('proxy', case.approver)}"))


@asks("PUT", "/proxies/{proxy_id}")
async def _change_proxy(case: Case) -> Ask:
    body = {"toId": str(case.world.named_stranger.id), "startsAt": in_days(100), "endsAt": in_days(150)}
    return Ask(f"/proxies/{case.world.of('proxy', case.approver)}", body, STALE)


@asks("DELETE", "/proxies/{proxy_id}")
async def _end_proxy(case: Case) -> Ask:
    return Ask(f"/proxies/{await case.world.give_proxy(case.approver)}")


def _process(case: Case) -> str:
    found: str = case.world.of("process", case.owner)
    return found


simple("GET", "/sagas", lambda case: Ask(f"/sagas?{ALL}", verdict=listed(_process(case))))
simple("GET", "/sagas/{process_id}", lambda case: Ask(f"/sagas/{_process(case)}"))
for _action in ("retry", "compensate"):
    simple(
        "POST",
        f"/sagas/{{process_id}}/{_action}",
        lambda case, action=_action: Ask(f"/sagas/{_process(case)}/{action}", {"reason": "確認"}),  # type: ignore[misc]
    )
for _report in ("sales-summary", "customer-statistics", "task-completion", "approval-statistics"):
    simple(
        "GET",
        f"/reports/{_report}",
        lambda case, report=_report: Ask(  # type: ignore[misc]
            f"/reports/{report}?by=rep&from={in_days(-20)[:10]}&to={in_days(20)[:10]}",
            verdict=listed(case.owner.id, "key", "id"),
        ),
    )
simple("GET", "/reports/metrics", lambda _case: Ask("/reports/metrics"))
