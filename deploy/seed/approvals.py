"""Approval requests: decided ones for the past, and those that wait in an inbox now."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.seed.context import Person, SeedContext, acting
from deploy.seed.customers import Seeded
from services.contracts.processes import DecideCommand, Decision, RecallCommand, ResubmitCommand
from services.contracts.states import ApprovalKind, ApprovalState, StageMode
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.running.ids import new_id
from services.opportunity import actions
from services.opportunity.business_time import TOKYO
from services.opportunity.kinds import FIELDS, FieldType
from services.opportunity.schemas.approvals import NewApproval, StageInput
from services.opportunity.service import commands, comments, requests

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Matter:
    title: str
    kind: ApprovalKind
    amount: int | None
    description: str
    fields: Fields
    """What its kind asks for; days count from that of the request."""

    def fields_on(self, day: date) -> Fields:
        dates = {field.name for field in FIELDS[self.kind] if field.value_type is FieldType.DATE}
        return {
            name: (day + timedelta(days=value)).isoformat() if name in dates else value
            for name, value in self.fields.items()
        }


def _discount(product: str, before: str, after: str, reason: str) -> Fields:
    rates = {"product": product, "feeRateBefore": before, "feeRateAfter": after}
    return rates | {"validFrom": 7, "validUntil": 371, "discountReason": reason}


def _proposal(
    product: str, name: str, risk_class: str, fee: str, yearly: str | None, *, is_complex: bool = False
) -> Fields:
    what = {"product": product, "productName": name, "riskClass": risk_class, "complexProduct": is_complex}
    return what | {"purchaseFeeRate": fee, "yearlyCostRate": yearly, "plannedOn": 5}


MATTERS = (
    Matter(
        "特別手数料率の適用（投資信託 3口）",
        ApprovalKind.FEE_DISCOUNT,
        128_000_000,
        "預り資産の残高に応じた引下げです。",
        _discount("FUNDS", "1.65", "1.1", "ASSETS_HELD"),
    ),
    Matter(
        "仕組債の勧誘可否（適合性例外）",
        ApprovalKind.SUITABILITY_EXCEPTION,
        45_000_000,
        "ご本人の強い希望による。",
        {
            "product": "BONDS",
            "productName": "早期償還条項付 日経平均連動債",
            "riskClass": "AGGRESSIVE",
            "exceptionReason": "RISK_ABOVE_TOLERANCE",
            "customerInitiated": True,
        },
    ),
    Matter(
        "外国株式 大口注文の手数料優遇",
        ApprovalKind.FEE_DISCOUNT,
        300_000_000,
        "他社の提示条件との比較により優遇を申請します。",
        _discount("EQUITIES", "0.99", "0.55", "COMPETING_OFFER"),
    ),
    Matter(
        "郵便物送付先の変更",
        ApprovalKind.ACCOUNT_CHANGE,
        None,
        "ご家族宅への送付をご希望です。",
        {"change": "NOTICE_ADDRESS", "effectiveOn": 14},
    ),
    Matter(
        "NISA口座移管キャンペーン適用",
        ApprovalKind.FEE_DISCOUNT,
        3_600_000,
        "移管後の買付手数料を優遇します。",
        _discount("FUNDS", "2.2", "0", "WHOLE_RELATIONSHIP"),
    ),
    Matter(
        "外貨建債券 高齢者取引の事前承認",
        ApprovalKind.PRODUCT_PROPOSAL,
        22_000_000,
        "ご家族同席で説明済み。",
        _proposal("FOREIGN_CURRENCY", "米ドル建社債 2031年満期", "SOMEWHAT_AGGRESSIVE", "0.5", None),
    ),
    Matter(
        "債券の店頭購入 単価優遇",
        ApprovalKind.FEE_DISCOUNT,
        86_500_000,
        "個人向け社債の大口購入です。",
        _discount("BONDS", "0.4", "0.3", "LARGE_ORDER"),
    ),
    Matter(
        "投資一任契約のご提案",
        ApprovalKind.PRODUCT_PROPOSAL,
        50_000_000,
        "運用方針は分散投資型。",
        _proposal("FUNDS", "ファンドラップ（分散投資型）", "BALANCED", "0", "1.32"),
    ),
    Matter(
        "セミナー開催費用",
        ApprovalKind.EXPENSE,
        480_000,
        "会場費と講師謝礼。",
        {"purpose": "SEMINAR", "spentOn": 21, "payee": "日本橋ホール運営株式会社", "participants": 40},
    ),
    Matter(
        "信用取引口座の開設",
        ApprovalKind.ACCOUNT_CHANGE,
        10_000_000,
        "投資経験 10 年以上。",
        {"change": "MARGIN_TRADING", "effectiveOn": 7},
    ),
    Matter(
        "顧客訪問の出張費",
        ApprovalKind.EXPENSE,
        96_000,
        "札幌 2 泊 3 日。",
        {"purpose": "TRAVEL", "spentOn": 10, "payee": "旅行代理店", "participants": 1},
    ),
    Matter(
        "デリバティブ内包商品のご提案",
        ApprovalKind.PRODUCT_PROPOSAL,
        30_000_000,
        "リスク説明書を交付済み。",
        _proposal("DERIVATIVES", "他社株転換条項付社債", "AGGRESSIVE", "1.5", None, is_complex=True),
    ),
)
APPROVALS_SAID = (
    "内容を確認しました。",
    "条件は妥当です。四半期ごとに見直してください。",
    "承認します。",
    "異存ありません。",
)
RETURNED_SAID = ("適合性確認書の添付をお願いします。", "比較表を追加してください。", "金額の根拠を補ってください。")
REJECTED_SAID = ("採算が合いません。", "リスク許容度に照らして不適切です。")
SOONEST_DECISION = timedelta(hours=2)


async def decided(context: SeedContext, customer: Seeded, approver: Person, at: datetime) -> UUID:
    """A request of the past, with the end that chance gives it; returned and asked again now and then."""
    random, owner = context.random, customer.owner
    when = at
    async with context.work("opportunity") as uow:
        approval_id = await _submit(context, uow, customer, random.choice(MATTERS), [approver], when)
        if random.random() < 0.2:
            when += timedelta(hours=random.uniform(2, 20))
            await _decide(context, uow, approval_id, Decision.RETURN, random.choice(RETURNED_SAID), when)
            when += timedelta(hours=random.uniform(1, 20))
            with acting(uow, owner, when):
                said = await _command(uow, approval_id, owner, "資料を追加しました。")
                await commands.carry_out(uow, actions.RESUBMIT, ResubmitCommand(**said))
        fate = random.random()
        when += SOONEST_DECISION + timedelta(hours=random.expovariate(1 / 18))
        if fate < 0.06:
            with acting(uow, owner, when):
                unsaid = await _command(uow, approval_id, owner, None)
                await commands.carry_out(uow, actions.RECALL, RecallCommand(**unsaid))
        elif fate < 0.2:
            await _decide(context, uow, approval_id, Decision.REJECT, random.choice(REJECTED_SAID), when)
        else:
            # A superior's stage may stand before the approver's, where the customer's age asks for one.
            while await _decide(context, uow, approval_id, Decision.APPROVE, random.choice(APPROVALS_SAID), when):
                when += timedelta(hours=random.uniform(1, 12))
    return approval_id


async def waiting(
    context: SeedContext, customer: Seeded, matter: Matter, approvers: list[Person], at: datetime
) -> UUID:
    """A request whose first stage waits for the first of `approvers`, a second one for the next."""
    async with context.work("opportunity") as uow:
        return await _submit(context, uow, customer, matter, approvers, at)


async def returned(context: SeedContext, customer: Seeded, matter: Matter, approver: Person, at: datetime) -> UUID:
    """A request that its approver gave back an hour later."""
    async with context.work("opportunity") as uow:
        approval_id = await _submit(context, uow, customer, matter, [approver], at)
        said = context.random.choice(RETURNED_SAID)
        await _decide(context, uow, approval_id, Decision.RETURN, said, at + timedelta(hours=1))
    return approval_id


async def _submit(
    context: SeedContext, uow: UnitOfWork, customer: Seeded, matter: Matter, approvers: list[Person], at: datetime
) -> UUID:
    titles = ("課長承認", "部長承認", "最終承認")
    content = NewApproval(
        customer_id=customer.id,
        kind=matter.kind,
        title=matter.title,
        description=matter.description,
        amount=matter.amount,
        fields=matter.fields_on(at.astimezone(TOKYO).date()),
        stages=[
            StageInput(name=title, approver_ids=[approver.id], mode=StageMode.ANY, deadline_hours=72, viewer_ids=[])
            for title, approver in zip(titles, approvers, strict=False)
        ],
    )
    with acting(uow, customer.owner, at):
        return await requests.create(uow, customer.owner.principal, content, context.references)


async def _decide(
    context: SeedContext, uow: UnitOfWork, approval_id: UUID, decision: Decision, said: str, at: datetime
) -> bool:
    """Whoever the request waits for decides; returns whether it waits for somebody else then."""
    progress = (await commands.locked(uow, approval_id)).progress
    approver = next(person for person in context.people.values() if person.id in progress.waiting_for)
    with acting(uow, approver, at):
        common = await _command(uow, approval_id, approver, said)
        action = actions.BY_DECISION[decision]
        outcome = await commands.carry_out(uow, action, DecideCommand(**common, decision=decision))
    return outcome.state is ApprovalState.PENDING


async def _command(uow: UnitOfWork, approval_id: UUID, actor: Person, said: str | None) -> dict[str, object]:
    reference = None if said is None else new_id()
    if said is not None and reference is not None:
        await comments.keep_with_command(
            uow, comment_id=reference, approval_id=approval_id, author_id=actor.id, body=said
        )
    return {
        "approval_id": approval_id,
        "actor_id": actor.id,
        "actor_roles": sorted(actor.principal.roles),
        "command_key": f"seed:{new_id()}",
        "comment_ref": reference,
    }
