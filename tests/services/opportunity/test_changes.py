"""What is different since somebody decided on a request, or since an earlier revision."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalKind
from services.opportunity.comparison import compared
from services.opportunity.schemas.evidence import AttachmentSeen, CustomerSeen, RequestSeen
from tests.services.opportunity.world import Person, World
from tests.support.kind_fields import COMPLETE

DISCOUNT = COMPLETE["FEE_DISCOUNT"]


def _seen(**changed: Any) -> RequestSeen:
    customer = CustomerSeen.model_validate(
        dict.fromkeys(CustomerSeen.model_fields)
        | {"name": "山田太郎", "profile_complete": True, "risk_tolerance": "BALANCED"}
    )
    content: dict[str, Any] = {
        "title": "手数料の減額",
        "description": "理由は一つ。",
        "kind": "FEE_DISCOUNT",
        "amount": 100,
        "currency": "JPY",
        "fields": DISCOUNT,
        "customer_id": UUID(int=1),
        "flags": [],
        "revision": 1,
        "stages": [],
        "customer": customer,
        "attachments": [],
        "opinions": [],
    }
    return RequestSeen.model_validate(content | changed)


def _told(before: RequestSeen, after: RequestSeen) -> dict[str, tuple[Any, Any]]:
    return {change.pointer: (change.before, change.after) for change in compared(before, after).changes}


def test_what_is_the_same_is_not_told() -> None:
    found = compared(_seen(), _seen(revision=2, flags=["SENIOR_75"]))
    assert (found.changed, found.changes, found.description) == (False, [], [])


def test_values_stand_side_by_side_in_the_order_of_the_form() -> None:
    fields = {name: value for name, value in DISCOUNT.items() if name != "validFrom"} | {"feeRateAfter": "0.9"}
    after = _seen(title="手数料の引下げ", amount=90, fields=fields)
    assert list(_told(_seen(), after).items()) == [
        ("/amount", (100, 90)),
        ("/title", ("手数料の減額", "手数料の引下げ")),
        ("/fields/feeRateAfter", ("1.1", "0.9")),
        ("/fields/validFrom", ("2026-04-01", None)),
    ]


def test_another_kind_tells_of_the_fields_of_both() -> None:
    after = _seen(kind=ApprovalKind.EXPENSE, fields=COMPLETE["EXPENSE"])
    told = _told(_seen(), after)
    assert told["/kind"] == ("FEE_DISCOUNT", "EXPENSE")
    assert told["/fields/product"] == ("FUNDS", None)
    assert told["/fields/payee"] == (None, "会場運営株式会社")
    assert told.keys() - {"/kind"} == {f"/fields/{name}" for name in (*DISCOUNT, *COMPLETE["EXPENSE"])}


def test_a_field_that_the_kind_asks_for_no_more_is_told_too() -> None:
    assert _told(_seen(fields=DISCOUNT | {"former": 1}), _seen()) == {"/fields/former": (1, None)}


def test_the_same_figure_in_another_currency_is_another_amount() -> None:
    line = {"kind": ApprovalKind.ACCOUNT_CHANGE, "fields": {"change": "CREDIT_LINE", "creditLineBefore": 5}}
    assert _told(_seen(**line), _seen(**line, currency="USD")) == {
        "/amount": (100, 100),
        "/fields/creditLineBefore": (5, 5),
    }


def test_facts_of_the_customer_are_told_and_of_another_customer_only_who_it_is() -> None:
    then = _seen()
    assert then.customer is not None
    at = datetime(2026, 4, 1, tzinfo=UTC)
    same = then.customer.model_copy(update={"risk_tolerance": "AGGRESSIVE", "profile_reviewed_at": at})
    assert _told(then, _seen(customer=same)) == {
        "/customer/riskTolerance": ("BALANCED", "AGGRESSIVE"),
        "/customer/profileReviewedAt": (None, at),
    }
    other = same.model_copy(update={"name": "鈴木一郎"})
    assert _told(then, _seen(customer=other, customer_id=UUID(int=2))) == {"/customer/name": ("山田太郎", "鈴木一郎")}
    assert _told(then, _seen(customer=None, customer_id=None)) == {"/customer/name": ("山田太郎", None)}


def test_files_that_came_and_went_are_told() -> None:
    kept, gone, come = (
        AttachmentSeen(id=UUID(int=n), name=f"{n}.pdf", media_type="application/pdf", size=1, sha256="0" * 64)
        for n in range(3)
    )
    found = compared(_seen(attachments=[kept, gone]), _seen(attachments=[kept, come]))
    assert (found.attachments.added, found.attachments.removed, found.changed) == ([come], [gone], True)


async def _changes(world: World, by: Person, approval: dict[str, Any], query: str = "") -> dict[str, Any]:
    answer = await world.client.get(f"/approvals/{approval['id']}/changes{query}", token=by.token)
    assert answer.status == 200, answer.json
    told: dict[str, Any] = answer.json
    return told


async def _returned_and_changed(world: World) -> tuple[dict[str, Any], Person, Person, Person]:
    """Approved at the first stage, returned by the second, changed and asked for again."""
    rep, first, second = await world.person("rep"), await world.person("approver"), await world.person("approver")
    customer_id = await world.customer(rep)
    stages = [{"name": "一", "approverIds": [first.id]}, {"name": "二", "approverIds": [second.id]}]
    content = {"title": "手数料の減額", "description": "料率を 1.1% とする。", "amount": 100, "customerId": customer_id}
    request = await world.request(rep, stages=stages, **content)
    assert (await world.act(first, request, "approve")).status == 200
    assert (await world.act(second, request, "return", comment="見直してください")).status == 200
    present = await world.client.get(f"/approvals/{request['id']}", token=rep.token)
    changed = {"description": "料率を 1.2% とする。", "amount": 90, "fields": DISCOUNT | {"feeRateAfter": "1.2"}}
    body = {"kind": "FEE_DISCOUNT", "title": "手数料の減額", "customerId": str(customer_id)} | changed
    path = f"/approvals/{request['id']}"
    answer = await world.client.put(path, body, token=rep.token, if_match=present.version)
    assert answer.status == 200, answer.json
    return request, rep, first, second


async def test_whoever_decided_before_is_told_what_changed_since(live: World) -> None:
    request, rep, first, second = await _returned_and_changed(live)
    while_returned = await _changes(live, rep, request)
    assert (while_returned["since"]["revision"], while_returned["since"]["own"]) == (1, False)
    assert (await live.act(rep, request, "resubmit")).status == 200
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE customer_copies SET risk_tolerance = 'AGGRESSIVE'")
    told = await _changes(live, first, request)
    assert (told["revision"], told["revisions"]) == (2, [1, 2])
    assert (told["since"]["own"], told["since"]["action"], told["since"]["revision"]) == (True, "APPROVE", 1)
    content = told["content"]
    assert content["changes"] == [
        {"pointer": "/amount", "before": 100, "after": 90},
        {"pointer": "/fields/feeRateAfter", "before": "1.1", "after": "1.2"},
        {"pointer": "/customer/riskTolerance", "before": None, "after": "AGGRESSIVE"},
    ]
    assert content["description"] == [
        {"edit": "SAME", "text": "料率を "},
        {"edit": "REMOVED", "text": "1.1%"},
        {"edit": "ADDED", "text": "1.2%"},
        {"edit": "SAME", "text": " とする。"},
    ]
    assert (await live.act(first, request, "approve")).status == 200
    again = await _changes(live, first, request)
    assert (again["since"]["revision"], again["content"]["changed"]) == (2, False)
    assert (await _changes(live, second, request))["since"]["action"] == "RETURN"
    for_all = await _changes(live, await live.person("auditor"), request)
    assert (for_all["since"]["action"], for_all["since"]["revision"], for_all["since"]["own"]) == ("SUBMIT", 1, False)


async def test_any_earlier_revision_may_be_asked_for_and_no_other(live: World) -> None:
    request, rep, first, _ = await _returned_and_changed(live)
    assert (await live.act(rep, request, "resubmit")).status == 200
    told = await _changes(live, first, request, "?since=1")
    assert (told["since"]["action"], told["since"]["own"], told["content"]["changed"]) == ("SUBMIT", False, True)
    assert (await _changes(live, first, request, "?since=2"))["content"]["changed"] is False
    for since, code in (("3", "revision_unknown"), ("0", "greater_than_equal"), ("x", "int_parsing")):
        answer = await live.client.get(f"/approvals/{request['id']}/changes?since={since}", token=first.token)
        assert (answer.status, answer.json["errors"][0]["code"]) == (422, code)
    stranger = await live.person("rep")
    answer = await live.client.get(f"/approvals/{request['id']}/changes", token=stranger.token)
    assert answer.status == 404


async def test_what_was_never_asked_for_and_what_was_erased_is_compared_with_nothing(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    draft = await live.request(rep, approverId=approver.id, draft=True)
    assert await _changes(live, rep, draft) == {"revision": 1, "revisions": [], "since": None, "content": None}
    request = await live.request(rep, approver)
    assert (await _changes(live, approver, request))["since"] is None
    assert (await live.act(approver, request, "return", comment="修正")).status == 200
    async with live.db.transaction(live.system) as uow:
        await uow.execute("DELETE FROM approval_history_personal")
    erased = await _changes(live, approver, request)
    assert (erased["since"]["own"], erased["content"]) == (True, None)
