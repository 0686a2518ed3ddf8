"""States and choices that more than one service, a workflow or a client relies on (domain model)."""

from enum import StrEnum


class UserState(StrEnum):
    ACTIVE = "ACTIVE"
    LOCKED = "LOCKED"
    SUSPENDED = "SUSPENDED"
    DEACTIVATING = "DEACTIVATING"
    DELETED = "DELETED"


class CustomerState(StrEnum):
    ACTIVE = "ACTIVE"
    DELETING = "DELETING"
    DELETED = "DELETED"
    RESTORING = "RESTORING"
    PURGING = "PURGING"
    PURGED = "PURGED"


class CustomerKind(StrEnum):
    INDIVIDUAL = "INDIVIDUAL"
    CORPORATE = "CORPORATE"


class Relationship(StrEnum):
    PROSPECT = "PROSPECT"
    CLIENT = "CLIENT"
    CLOSED = "CLOSED"
    DECEASED = "DECEASED"
    OTHER = "OTHER"


class RiskTolerance(StrEnum):
    """リスク許容度, from 安定型 to 積極型."""

    STABLE = "STABLE"
    SOMEWHAT_STABLE = "SOMEWHAT_STABLE"
    BALANCED = "BALANCED"
    SOMEWHAT_AGGRESSIVE = "SOMEWHAT_AGGRESSIVE"
    AGGRESSIVE = "AGGRESSIVE"


class Objective(StrEnum):
    """投資目的: 元本保全, 利子・配当, 値上がり益, 短期売買, 老後, 相続."""

    CAPITAL_PRESERVATION = "CAPITAL_PRESERVATION"
    INCOME = "INCOME"
    GROWTH = "GROWTH"
    SHORT_TERM = "SHORT_TERM"
    RETIREMENT = "RETIREMENT"
    INHERITANCE = "INHERITANCE"


class Product(StrEnum):
    """Products for which investment experience (投資経験) is asked."""

    EQUITIES = "EQUITIES"
    FUNDS = "FUNDS"
    BONDS = "BONDS"
    FOREIGN_CURRENCY = "FOREIGN_CURRENCY"
    DERIVATIVES = "DERIVATIVES"


class Experience(StrEnum):
    NONE = "NONE"
    UNDER_1Y = "UNDER_1Y"
    Y1_3 = "Y1_3"
    Y3_5 = "Y3_5"
    Y5_10 = "Y5_10"
    OVER_10Y = "OVER_10Y"


class MoneyBand(StrEnum):
    """Bands of yen for financial assets (金融資産) and yearly income (年収)."""

    UNDER_5M = "UNDER_5M"
    M5_10 = "M5_10"
    M10_30 = "M10_30"
    M30_50 = "M30_50"
    M50_100 = "M50_100"
    M100_500 = "M100_500"
    OVER_500M = "OVER_500M"


class Horizon(StrEnum):
    UNDER_1Y = "UNDER_1Y"
    Y1_3 = "Y1_3"
    Y3_5 = "Y3_5"
    Y5_10 = "Y5_10"
    OVER_10Y = "OVER_10Y"


class FundSource(StrEnum):
    SURPLUS = "SURPLUS"
    EARMARKED = "EARMARKED"


class InvestorClass(StrEnum):
    GENERAL = "GENERAL"
    PROFESSIONAL = "PROFESSIONAL"


class MeetingState(StrEnum):
    PLANNED = "PLANNED"
    HELD = "HELD"
    CANCELLED = "CANCELLED"


class TaskState(StrEnum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


LIVE_TASK_STATES = frozenset({TaskState.OPEN, TaskState.IN_PROGRESS})


class TaskPriority(StrEnum):
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class ApprovalState(StrEnum):
    DRAFT = "DRAFT"
    PENDING = "PENDING"
    RETURNED = "RETURNED"
    ON_HOLD = "ON_HOLD"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    RECALLED = "RECALLED"
    CANCELLED = "CANCELLED"


OPEN_APPROVAL_STATES = frozenset({ApprovalState.PENDING, ApprovalState.RETURNED, ApprovalState.ON_HOLD})
TERMINAL_APPROVAL_STATES = frozenset(
    {ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.RECALLED, ApprovalState.CANCELLED}
)


class ApprovalAction(StrEnum):
    """What the history of a request tells; one entry an action."""

    DRAFT = "DRAFT"
    SUBMIT = "SUBMIT"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN = "RETURN"
    TAKE_BACK = "TAKE_BACK"
    ADD_APPROVER = "ADD_APPROVER"
    ASK_OPINION = "ASK_OPINION"
    GIVE_OPINION = "GIVE_OPINION"
    DECLINE_OPINION = "DECLINE_OPINION"
    WITHDRAW_OPINION = "WITHDRAW_OPINION"
    RESUBMIT = "RESUBMIT"
    RECALL = "RECALL"
    REASSIGN = "REASSIGN"
    NUDGE = "NUDGE"
    CONSULT = "CONSULT"
    END_CONSULTATION = "END_CONSULTATION"
    ADVISE = "ADVISE"
    READ = "READ"
    POST_REVIEW = "POST_REVIEW"
    REMIND = "REMIND"
    ESCALATE = "ESCALATE"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    CANCEL = "CANCEL"
    RESTORE = "RESTORE"
    LEGAL_HOLD = "LEGAL_HOLD"
    LEGAL_RELEASE = "LEGAL_RELEASE"
    PURGE_FILES = "PURGE_FILES"


class AttachmentState(StrEnum):
    """QUARANTINED: not scanned yet; CLEAN: scanned, or nothing scans here; INFECTED: its file is gone."""

    QUARANTINED = "QUARANTINED"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"


class PurgeRule(StrEnum):
    """Why a file was deleted: so many years after its request had ended, or so many days after its draft was left."""

    RETENTION = "RETENTION"
    ABANDONED_DRAFT = "ABANDONED_DRAFT"


class HoldOffice(StrEnum):
    """Who put a request under legal hold 訴訟ホールド: each office lifts its own holds only (ADR 0059)."""

    ADMINISTRATION = "ADMINISTRATION"
    AUDIT = "AUDIT"


class ApprovalKind(StrEnum):
    """What is asked for; with the amount and the customer's profile it selects the route."""

    FEE_DISCOUNT = "FEE_DISCOUNT"
    PRODUCT_PROPOSAL = "PRODUCT_PROPOSAL"
    SUITABILITY_EXCEPTION = "SUITABILITY_EXCEPTION"
    ACCOUNT_CHANGE = "ACCOUNT_CHANGE"
    EXPENSE = "EXPENSE"
    OTHER = "OTHER"


class StageMode(StrEnum):
    """How a stage is decided: any one approver, all of them (合議), or a quorum of them."""

    ANY = "ANY"
    ALL = "ALL"
    QUORUM = "QUORUM"


class StepIn(StrEnum):
    """Whether a superior of an approver may decide in their place (引上げ承認): never, once the stage's deadline has
    passed, or as soon as it waits for them."""

    NEVER = "NEVER"
    WHEN_LATE = "WHEN_LATE"
    ALWAYS = "ALWAYS"


class ViewWhen(StrEnum):
    """When the viewers of a stage (回覧) are shown a request: as the stage begins, or after the decision."""

    STAGE = "STAGE"
    DECISION = "DECISION"


class Verdict(StrEnum):
    """What somebody says of a request without deciding it: of a draft that they were shown (SUPPORTS, CONCERNED), or in
    a review after the decision (CLEAR, FINDING)."""

    SUPPORTS = "SUPPORTS"
    CONCERNED = "CONCERNED"
    CLEAR = "CLEAR"
    FINDING = "FINDING"


class NotificationType(StrEnum):
    APPROVAL_WAITING = "APPROVAL_WAITING"
    APPROVAL_DECIDED = "APPROVAL_DECIDED"
    APPROVAL_RETURNED = "APPROVAL_RETURNED"
    APPROVAL_REASSIGNED = "APPROVAL_REASSIGNED"
    APPROVAL_STEPPED_IN = "APPROVAL_STEPPED_IN"
    APPROVAL_DUE = "APPROVAL_DUE"
    APPROVAL_NUDGED = "APPROVAL_NUDGED"
    PROXY_WAITING = "PROXY_WAITING"
    OPINION_ASKED = "OPINION_ASKED"
    OPINION_GIVEN = "OPINION_GIVEN"
    OPINION_ENDED = "OPINION_ENDED"
    APPROVAL_TO_READ = "APPROVAL_TO_READ"
    APPROVAL_TO_REVIEW = "APPROVAL_TO_REVIEW"
    APPROVAL_REVIEWED = "APPROVAL_REVIEWED"
    APPROVAL_CONSULTED = "APPROVAL_CONSULTED"
    APPROVAL_ADVISED = "APPROVAL_ADVISED"
    PROXY_GIVEN = "PROXY_GIVEN"
    PROXY_ENDED = "PROXY_ENDED"
    TASK_DUE_SOON = "TASK_DUE_SOON"
    TASK_OVERDUE = "TASK_OVERDUE"
    TASK_ASSIGNED = "TASK_ASSIGNED"
    CUSTOMER_ASSIGNED = "CUSTOMER_ASSIGNED"
    PROCESS_FINISHED = "PROCESS_FINISHED"
    PROCESS_NEEDS_ATTENTION = "PROCESS_NEEDS_ATTENTION"
    WEBHOOK_SWITCHED_OFF = "WEBHOOK_SWITCHED_OFF"
