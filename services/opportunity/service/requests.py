"""A request from its draft to its submission, and changes of its content."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.contracts import money
from services.contracts.events.approval import ApprovalDrafted, ApprovalRequested, ApprovalUpdated
from services.contracts.permissions import Permission
from services.contracts.states import ApprovalAction, ApprovalState, CustomerState
from services.kit.db.database import Row, UnitOfWork
from services.kit.errors import Conflict, Forbidden, Text, Unprocessable
from services.kit.events import audit, outbox
from services.kit.http.problems import unprocessable
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import access, chain, events, kinds, machine
from services.opportunity.business_time import TOKYO
from services.opportunity.circulating import Shown
from services.opportunity.errors import AskedAgainAlready, WrongState
from services.opportunity.progress import Actor, Progress
from services.opportunity.record import Approval
from services.opportunity.references import References
from services.opportunity.repository import approvals
from services.opportunity.schemas.approvals import ApprovalContent, NewApproval, StageInput
from services.opportunity.schemas.fields import require_decimals
from services.opportunity.schemas.kind_fields import amounts_in
from services.opportunity.service import ledger, routing, showing, stages
from services.opportunity.service.attachments import require_clean
from services.opportunity.service.commands import locked
from services.opportunity.service.stages import stage_members
from services.opportunity.service.standing import stand_ins
from services.opportunity.service.transition import Transition, flagged, moved, write_history
from services.opportunity.terms import require_complete, same_terms

_RESOURCE = "approval"
_EDITED = ("customer_id", "kind", "title", "description", "amount", "currency")
_REPEATABLE = frozenset({ApprovalState.REJECTED, ApprovalState.RECALLED})
_CHANGES = ("approval.update", "approval.attach", "approval.detach")
"""Audited actions that make a new version of the content."""
_EDITABLE = frozenset({ApprovalState.DRAFT, ApprovalState.RETURNED})


async def create(uow: UnitOfWork, principal: Principal, content: NewApproval, references: References) -> UUID:
    """A draft, or a request that goes to its first approvers at once. Raises NoRoute, Blocked, Unprocessable."""
    if not content.draft:
        require_complete(content)
    requester, customer = await parties(uow, principal, content, references)
    if content.previous_id is not None:
        await _check_previous(uow, principal, content.previous_id)
    chosen = await routing.plan(uow, content, requester, customer, clock.now())
    approval = await _insert(uow, principal.user_id, content, chosen)
    if content.draft:
        transition = Transition(ApprovalAction.DRAFT, "REQUESTER", principal.user_id)
        after = await write_history(uow, approval, approval, transition, new_id())
        await approvals.update(uow, after)
        drafted = events.acted(ApprovalDrafted, after, acted_by=principal.user_id)
        await outbox.record_created(uow, aggregate_id=after.id, event=drafted)
        await _audit(uow, "approval.draft", after)
        return after.id
    after, begun = await _enter(uow, approval, principal.user_id, submitted=approval)
    event = await _requested(uow, after, principal.user_id, begun)
    await outbox.record_created(uow, aggregate_id=after.id, event=event, process_id=after.process_id)
    await _audit(uow, "approval.submit", after)
    return after.id


async def submit(uow: UnitOfWork, principal: Principal, approval_id_: UUID, references: References) -> None:
    """DRAFT → PENDING on the route that the policy chooses today."""
    before = await locked(uow, approval_id_)
    machine.submit(before.progress, Actor(principal.user_id))
    await require_clean(uow, before.id)
    content = _content_of(before)
    require_complete(content)
    requester, customer = await parties(uow, principal, content, references)
    chosen = await routing.plan(uow, content, requester, customer, clock.now())
    planned = replace(
        before,
        progress=replace(before.progress, stages=chosen.stages),
        **flagged(chosen.noted),
        rates=chosen.rates,
        route_id=chosen.route_id,
        route_version=chosen.route_version,
    )
    after, begun = await _enter(uow, planned, principal.user_id, submitted=before)
    event = await _requested(uow, after, principal.user_id, begun)
    await outbox.record_change(uow, table="approvals", aggregate_id=after.id, event=event, process_id=after.process_id)
    await _audit(uow, "approval.submit", after)


async def _requested(uow: UnitOfWork, after: Approval, by: UUID, begun: Shown) -> ApprovalRequested:
    readers, reviewers, standing = sorted(begun.readers), sorted(begun.reviewers), await stand_ins(uow, after)
    return events.acted(ApprovalRequested, after, acted_by=by, to_read=readers, to_review=reviewers, stand_ins=standing)


async def _enter(uow: UnitOfWork, approval: Approval, actor_id: UUID, *, submitted: Approval) -> tuple[Approval, Shown]:
    """The first stage begins: history, inbox, ledger and the intent to start the workflow; and whom it is shown to."""
    for approver in sorted({voter for stage in approval.progress.stages for voter in stage.voters}):
        await fences.check_unblocked(uow, "user_copies", approver)
    transition = Transition(ApprovalAction.SUBMIT, "REQUESTER", actor_id)
    drafted = replace(approval, progress=replace(approval.progress, state=ApprovalState.DRAFT))
    after = await moved(uow, drafted, machine.submit(drafted.progress, Actor(actor_id)), transition)
    after = replace(after, process_id=new_id())
    after = await write_history(uow, submitted, after, transition, new_id())
    await approvals.update(uow, after)
    await approvals.set_waiting(uow, after, after.updated_at)
    followed = await showing.follow(uow, after)
    await approvals.set_participants(uow, after)
    await ledger.begin(uow, after, actor_id)
    return after, followed.begun


async def edit(
    uow: UnitOfWork, principal: Principal, approval_id_: UUID, content: ApprovalContent, version: int, refs: References
) -> None:
    """New content of a draft or a returned request. What approvers already passed can't be raised behind them."""
    before = await locked(uow, approval_id_)
    if not before.progress.is_own(principal.user_id):
        raise Forbidden()
    if before.state not in _EDITABLE:
        raise WrongState(before.state)
    if before.version != version:
        raise await audit.outrun(uow, _RESOURCE, before.id, before.version, by=_CHANGES)
    content = _with_fields_as_before(before, content)
    planned = before
    if before.state is ApprovalState.DRAFT:
        content = _naming_as_before(before, content)
        requester, customer = await parties(uow, principal, content, refs)
        chosen = await routing.plan(uow, content, requester, customer, clock.now())
        progress = replace(before.progress, stages=chosen.stages)
        planned = replace(before, progress=progress, route_id=chosen.route_id, **flagged(chosen.noted))
    else:
        _check_returned(before, content)
        if before.progress.stage > 0 and not same_terms(before, content):
            planned = replace(before, progress=replace(before.progress, terms_changed=True))
        if before.customer_id is not None:
            await fences.check_unblocked(uow, "customer_copies", before.customer_id)
    after = replace(
        planned,
        customer_id=content.customer_id,
        kind=content.kind,
        title=content.title,
        description=content.description,
        amount=content.amount,
        currency=content.currency,
        fields=content.fields,
        wish=_wish(content) if before.state is ApprovalState.DRAFT else before.wish,
        version=before.version + 1,
        updated_at=clock.now(),
    )
    await approvals.update(uow, after)
    event = events.acted(ApprovalUpdated, after, acted_by=principal.user_id)
    await outbox.record_change(uow, table="approvals", aggregate_id=after.id, event=event, process_id=after.process_id)
    await _audit(uow, "approval.update", after, **_changes(before, after))


def _changes(before: Approval, after: Approval) -> dict[str, Any]:
    """For the audit entry; what a kind asks for stands there as ``fields.<name>``."""
    asked = [field for kind in (before.kind, after.kind) for field in kinds.FIELDS[kind]]
    names = dict.fromkeys((*_EDITED, *(f"fields.{field.name}" for field in asked)))
    texts = {f"fields.{field.name}" for field in asked if field.value_type is kinds.FieldType.TEXT}
    return audit.changes(_edited(before), _edited(after), names, hidden={"description", *texts})


def _edited(approval: Approval) -> dict[str, Any]:
    fields = {f"fields.{name}": value for name, value in approval.fields.items()}
    content = {name: getattr(approval, name) for name in _EDITED}
    return content | {"amount": money.to_json(approval.amount)} | fields


def _check_returned(before: Approval, content: ApprovalContent) -> None:
    fixed = Text("差戻し中は変更できません", "This can't change while the request is returned")
    if content.customer_id != before.customer_id:
        raise Unprocessable.field("/customerId", "fixed_after_submit", fixed)
    if content.kind is not before.kind:
        raise Unprocessable.field("/kind", "fixed_after_submit", fixed)
    if content.currency != before.currency:
        raise Unprocessable.field("/currency", "fixed_after_submit", fixed)
    named = content.stages is not None or content.approver_id is not None
    if named and _approvers(content) != [list(stage.approver_ids) for stage in before.progress.stages]:
        raise Unprocessable.field("/stages", "fixed_after_submit", fixed)
    if content.amount is not None and content.amount > (before.amount or 0):
        # The route was chosen for the amount; a larger one may need other approvers.
        message = Text("増額する場合は新しい申請が必要です", "A larger amount needs a new request")
        raise Unprocessable.field("/amount", "amount_raised", message)


def _approvers(content: ApprovalContent) -> list[list[UUID]]:
    if content.approver_id is not None:
        return [[content.approver_id]]
    return [list(stage.approver_ids) for stage in content.stages or []]


def _content_of(approval: Approval) -> ApprovalContent:
    """What its author wrote, as if it were sent again now. Raises Unprocessable where today's rules are stricter."""
    try:
        written = ApprovalContent(
            customer_id=approval.customer_id,
            kind=approval.kind,
            title=approval.title,
            description=approval.description,
            amount=approval.amount,
            currency=approval.currency,
            fields=approval.fields,
        )
    except ValidationError as error:
        raise unprocessable(error) from error
    return written.model_copy(update=_named_in(approval.wish or {}))


def _named_in(wish: dict[str, Any]) -> dict[str, Any]:
    """Whom a draft names, as it was stored; ``stages`` checks it like what is sent."""
    approver, stored = wish.get("approverId"), wish.get("stages")
    return {
        "approver_id": None if approver is None else UUID(approver),
        "stages": None if stored is None else [StageInput.model_construct(**stage_members(s)) for s in stored],
    }


def _with_fields_as_before(before: Approval, content: ApprovalContent) -> ApprovalContent:
    """What its kind asks for stays unless the change says otherwise; another kind asks for something else.

    Raises Unprocessable for what another currency can't express.
    """
    if "fields" in content.model_fields_set or content.kind is not before.kind:
        return content
    try:
        require_decimals(content.currency, amounts_in(before.kind, before.fields))
    except ValidationError as error:
        raise unprocessable(error) from error
    return content.model_copy(update={"fields": before.fields})


def _naming_as_before(before: Approval, content: ApprovalContent) -> ApprovalContent:
    """Who was named stays named unless the change says otherwise (null: the policy chooses)."""
    if before.wish is None or content.model_fields_set & {"approver_id", "stages"}:
        return content
    return content.model_copy(update=_named_in(before.wish))


def _wish(content: ApprovalContent) -> dict[str, Any] | None:
    if content.approver_id is None and content.stages is None:
        return None
    return content.model_dump(mode="json", by_alias=True, include={"approver_id", "stages"})


async def parties(
    uow: UnitOfWork, principal: Principal, content: ApprovalContent, references: References
) -> tuple[Row, Row | None]:
    """The requester and the customer, both free of fences until the transaction ends."""
    stages.check_shape(content.stages or [])
    involved = stages.named(content.stages or []) | ({content.approver_id} if content.approver_id else set())
    requester = await references.requester(uow, principal.user_id, involved)
    if requester is None:
        raise Forbidden()
    await fences.check_unblocked(uow, "user_copies", principal.user_id)
    if content.customer_id is None:
        return requester, None
    customer = await references.customer(uow, content.customer_id)
    view = await access.view_of(uow, principal, Permission.APPROVAL_REQUEST)
    if customer is None or not view.reaches(customer["assigned_sales_id"]):
        message = Text("顧客が見つかりません", "There is no such customer")
        raise Unprocessable.field("/customerId", "customer_unknown", message)
    await fences.check_unblocked(uow, "customer_copies", content.customer_id)
    if customer["state"] != CustomerState.ACTIVE:
        raise Conflict(Text("この顧客は現在利用できません", "This customer is not active"))
    return requester, customer


async def _check_previous(uow: UnitOfWork, principal: Principal, previous_id: UUID) -> None:
    """One's own request that ended without an approval and is not being asked again already.

    Its row is locked: of two who ask again at the same instant the second sees the first one's request.
    """
    previous = await approvals.lock(uow, previous_id)
    if previous is None or not previous.progress.is_own(principal.user_id) or previous.state not in _REPEATABLE:
        message = Text("却下または取下げた自分の申請を指定してください", "Name your own rejected or recalled request")
        raise Unprocessable.field("/previousId", "previous_invalid", message)
    successor = await approvals.living_successor(uow, previous_id)
    if successor is not None:
        raise AskedAgainAlready(approvalId=str(successor["id"]), number=successor["number"])


async def _insert(uow: UnitOfWork, requester_id: UUID, content: NewApproval, chosen: routing.Plan) -> Approval:
    now = clock.now()
    approval = Approval(
        id=new_id(),
        number=await approvals.next_number(uow, now.astimezone(TOKYO).year),
        customer_id=content.customer_id,
        kind=content.kind,
        title=content.title,
        description=content.description,
        amount=content.amount,
        currency=content.currency,
        rates=() if content.draft else chosen.rates,
        fields=content.fields,
        **flagged(chosen.noted),
        progress=Progress(ApprovalState.DRAFT, requester_id, requester_id, chosen.stages),
        route_id=chosen.route_id,
        route_version=None if content.draft else chosen.route_version,
        wish=_wish(content),
        previous_id=content.previous_id,
        process_id=None,
        restored_by=None,
        deadline_at=None,
        clock_left_seconds=None,
        reminded_at=None,
        escalated_at=None,
        short_since=None,
        submitted_at=None,
        decided_at=None,
        decided_by=None,
        history_length=0,
        history_head=chain.GENESIS,
        version=1,
        event_version=1,
        created_at=now,
        updated_at=now,
    )
    await approvals.insert(uow, approval)
    await approvals.set_participants(uow, approval)
    return approval


async def _audit(uow: UnitOfWork, action: str, approval: Approval, **detail: Any) -> None:
    await audit.record_audit(
        uow,
        action=action,
        resource_type=_RESOURCE,
        resource_id=approval.id,
        detail={"number": approval.number, "to": approval.state.value} | detail,
    )
