"""Notices of those to whom a request is shown: to read, to review, for an opinion."""

from typing import Any

from services.analytics.mail import repository as mail
from services.analytics.notifications import repository as notifications
from services.contracts.events import approval
from services.contracts.states import NotificationType
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.analytics.conftest import Consume
from tests.services.analytics.test_notifications import APPROVER, MANAGER, OTHER, PEOPLE, REP, Request, inbox_of
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient

__all__ = ["inbox_of"]


def fact(payload: type[approval.ApprovalActed], request: Request, by: Any, **more: Any) -> Envelope:
    return envelope(payload.model_validate(request.fields | more), request.id, None, clock.now(), actor_id=by)


async def read(inbox: Any) -> list[bool]:
    return [item["readAt"] is not None for item in await inbox.items()]


async def test_viewers_and_reviewers_are_told_when_it_is_their_turn_until_they_have_answered(
    consume: Consume, inbox_of: Any
) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP, waiting_for=[APPROVER], to_read=[OTHER])])
    assert await inbox_of(OTHER).types() == ["APPROVAL_TO_READ"]
    await consume([fact(approval.ApprovalRead, request, OTHER)])
    assert await read(inbox_of(OTHER)) == [True]
    ended = {"waiting_for": [], "state": "APPROVED", "to_read": [], "to_review": [MANAGER]}
    await consume([request.emit(approval.ApprovalApproved, APPROVER, **ended)])
    assert await inbox_of(MANAGER).types() == ["APPROVAL_TO_REVIEW"]
    said = {"verdict": "FINDING", "comment": "根拠資料がありません"}
    await consume([fact(approval.ApprovalReviewed, request, MANAGER, **said)])
    assert await read(inbox_of(MANAGER)) == [True]
    assert (await inbox_of(REP).types())[0] == "APPROVAL_REVIEWED"
    assert (await inbox_of(APPROVER).types())[0] == "APPROVAL_REVIEWED"


async def test_a_review_without_a_word_tells_nobody(consume: Consume, inbox_of: Any) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP, waiting_for=[APPROVER])])
    await consume([fact(approval.ApprovalReviewed, request, MANAGER, verdict="CLEAR")])
    assert await inbox_of(REP).types() == []


async def test_opinions_are_asked_and_told_until_the_draft_is_submitted(consume: Consume, inbox_of: Any) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalDrafted, REP, waiting_for=[], state="DRAFT")])
    await consume([fact(approval.ApprovalConsulted, request, REP, consulted_id=who) for who in (OTHER, MANAGER)])
    assert await inbox_of(OTHER).types() == ["APPROVAL_CONSULTED"]
    await consume([fact(approval.ApprovalAdvised, request, OTHER, verdict="SUPPORTS")])
    assert await inbox_of(REP).types() == ["APPROVAL_ADVISED"]
    assert await read(inbox_of(OTHER)) == [True]
    await consume([fact(approval.ApprovalConsultationEnded, request, REP, consulted_id=MANAGER)])
    assert await read(inbox_of(MANAGER)) == [True]
    await consume([request.emit(approval.ApprovalRequested, REP, waiting_for=[APPROVER], state="PENDING")])
    assert await read(inbox_of(REP)) == [True]


async def test_what_was_recalled_is_there_for_nobody_to_read(consume: Consume, inbox_of: Any) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP, waiting_for=[APPROVER], to_read=[OTHER])])
    gone = {"waiting_for": [], "state": "RECALLED", "to_read": []}
    await consume([request.emit(approval.ApprovalRecalled, REP, **gone)])
    assert await read(inbox_of(OTHER)) == [True]


async def test_no_mail_asks_for_what_was_answered_though_nobody_is_told_in_the_app(
    consume: Consume, client: ServiceClient
) -> None:
    kind = NotificationType.APPROVAL_TO_REVIEW
    async with client.kit.db.transaction(ActorContext.system()) as uow:
        await mail.set_switch(uow, is_on=True, sender="ringi@firm.example")
        await notifications.set_preferences(uow, MANAGER, [(kind, False, True)])
    request = Request()
    ended = {"waiting_for": [], "state": "APPROVED", "to_review": [MANAGER]}
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP, waiting_for=[APPROVER])])
    await consume([request.emit(approval.ApprovalApproved, APPROVER, **ended)])
    assert await _open_mails(client, kind) == 1
    await consume([fact(approval.ApprovalReviewed, request, MANAGER, verdict="CLEAR")])
    assert await _open_mails(client, kind) == 0


async def _open_mails(client: ServiceClient, kind: NotificationType) -> int:
    statement = "SELECT count(*) FROM mail_notices WHERE recipient_id = %s AND type = %s AND closed_at IS NULL"
    async with client.kit.db.reader() as reader:
        count: int = await reader.scalar(statement, [MANAGER, kind])
    return count
