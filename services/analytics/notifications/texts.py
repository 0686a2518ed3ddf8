"""Titles and bodies of notifications, put together when they are read: in the reader's language of today."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.contracts.processes import ProcessType
from services.contracts.states import ApprovalState, NotificationType
from services.kit.errors import Text
from services.kit.processes.statuses import ProcessStatus
from services.kit.running import zone


class Words(NamedTuple):
    title: Text
    body: Text


WORDS: Final = {
    NotificationType.APPROVAL_WAITING: Words(
        Text("承認をお願いします: {title}", "Waiting for your approval: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.APPROVAL_DECIDED: Words(
        Text("{outcome}: {title}", "{outcome}: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.APPROVAL_RETURNED: Words(
        Text("差戻されました: {title}", "Returned to you: {title}"),
        Text(
            "{number}{customer} 内容を確認し、再申請または取下げをしてください。",
            "{number}{customer}: resubmit or recall it.",
        ),
    ),
    NotificationType.APPROVAL_REASSIGNED: Words(
        Text("承認者が振り替えられました: {title}", "Reassigned: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.APPROVAL_STEPPED_IN: Words(
        Text("{proxy}さんが引上げ承認で判断しました: {title}", "{proxy} stepped in for you: {title}"),
        Text(
            "{number}{customer} あなたの承認は不要になりました。", "{number}{customer}: nothing is left for you to do."
        ),
    ),
    NotificationType.APPROVAL_DUE: Words(
        Text("承認期限が近づいています: {title}", "Approval due soon: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.APPROVAL_NUDGED: Words(
        Text("承認のお願い: {title}", "Please look at: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.PROXY_WAITING: Words(
        Text("{absent}さんの代理で承認をお願いします: {title}", "Waiting for your approval, for {absent}: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.APPROVAL_TO_READ: Words(
        Text("回覧: {title}", "For you to read: {title}"),
        Text("{number}{customer} 内容をご確認ください。", "{number}{customer}: please confirm that you have read it."),
    ),
    NotificationType.APPROVAL_TO_REVIEW: Words(
        Text("後閲をお願いします: {title}", "For your review after the decision: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.APPROVAL_REVIEWED: Words(
        Text("後閲でコメントがありました: {title}", "A remark after the decision: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.APPROVAL_CONSULTED: Words(
        Text("申請前の相談: {title}", "Your opinion on a draft: {title}"),
        Text("{number}{customer} ご意見をお願いします。", "{number}{customer}: please say what you think."),
    ),
    NotificationType.APPROVAL_ADVISED: Words(
        Text("相談への意見がありました: {title}", "An opinion on your draft: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.OPINION_ASKED: Words(
        Text("ご意見をお待ちしています: {title}", "Your opinion, please: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.OPINION_GIVEN: Words(
        Text("意見照会に回答がありました: {title}", "The opinion that you asked for: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.OPINION_ENDED: Words(
        Text("意見照会が回答なしで終わりました: {title}", "No opinion was given: {title}"),
        Text("{number}{customer}", "{number}{customer}"),
    ),
    NotificationType.PROXY_GIVEN: Words(
        Text("{absent}さんの代理人になりました", "You stand in for {absent}"),
        Text("{begins} から {ends} まで{covers}", "From {begins} to {ends}{covers}"),
    ),
    NotificationType.PROXY_ENDED: Words(
        Text("{absent}さんの代理（{proxy}さん）が終了しました", "{proxy} no longer stands in for {absent}"),
        Text("", ""),
    ),
    NotificationType.TASK_DUE_SOON: Words(
        Text("タスクの期限が近づいています: {title}", "Task due soon: {title}"),
        Text("期限 {due}{customer}", "Due {due}{customer}"),
    ),
    NotificationType.TASK_OVERDUE: Words(
        Text("タスクの期限を過ぎました: {title}", "Task overdue: {title}"),
        Text("期限 {due}{customer}", "Due {due}{customer}"),
    ),
    NotificationType.TASK_ASSIGNED: Words(
        Text("タスクが割り当てられました: {title}{more}", "Task assigned to you: {title}{more}"),
        Text("{customer}", "{customer}"),
    ),
    NotificationType.CUSTOMER_ASSIGNED: Words(
        Text("担当顧客になりました{more}", "Customer assigned to you{more}"),
        Text("{customer}", "{customer}"),
    ),
    NotificationType.PROCESS_FINISHED: Words(
        Text("{process}: {status}", "{process}: {status}"),
        Text("処理の結果を確認できます。", "See what it did."),
    ),
    NotificationType.PROCESS_NEEDS_ATTENTION: Words(
        Text("{process}: 対応が必要です", "{process} needs attention"),
        Text("処理のページで原因と次の手を確認してください。", "Its page says why, and what to do next."),
    ),
    NotificationType.WEBHOOK_SWITCHED_OFF: Words(
        Text("Webhook を停止しました: {host}", "Webhook switched off: {host}"),
        Text("送信の失敗が続いたためです。送信履歴を確認してください。", "It went on failing; its log says how."),
    ),
}
OUTCOMES: Final = {
    ApprovalState.APPROVED: Text("承認されました", "Approved"),
    ApprovalState.REJECTED: Text("却下されました", "Rejected"),
    ApprovalState.CANCELLED: Text("取り消されました", "Cancelled"),
}
PROCESSES: Final = {
    ProcessType.CUSTOMER_DELETION: Text("顧客の削除", "Customer deletion"),
    ProcessType.CUSTOMER_RESTORATION: Text("顧客の復元", "Customer restoration"),
    ProcessType.USER_DELETION: Text("ユーザーの削除", "User deletion"),
    ProcessType.USER_RESTORATION: Text("ユーザーの復元", "User restoration"),
    ProcessType.BULK_DECISION: Text("一括決裁", "Bulk decision"),
    ProcessType.APPROVAL: Text("承認申請", "Approval request"),
}
STATUSES: Final = {
    ProcessStatus.COMPLETED: Text("完了しました", "completed"),
    ProcessStatus.COMPENSATED: Text("取り消され、元に戻りました", "undone, all is as it was"),
}


def render(
    kind: str,
    params: Mapping[str, Any],
    customer: str | None,
    locale: str,
    *,
    absent: str | None = None,
    proxy: str | None = None,
) -> tuple[str, str]:
    """Title and body. ``customer``, ``absent``, ``proxy``: the present names of whom it is about, if any."""

    def chosen(table: Mapping[Any, Text], key: object) -> str:
        text = table.get(key)
        return str(key or "") if text is None else text.localized(locale)

    more = int(params.get("count", 1)) - 1
    values = {
        "title": params.get("title", ""),
        "number": params.get("number", ""),
        "host": params.get("host", ""),
        "customer": f" {customer}" if customer else "",
        "outcome": chosen(OUTCOMES, params.get("state")),
        "process": chosen(PROCESSES, params.get("processType")),
        "status": chosen(STATUSES, params.get("status")),
        "due": _moment(params.get("dueDate")),
        "absent": absent or "—",
        "proxy": proxy or "—",
        "begins": _moment(params.get("startsAt")),
        "ends": _moment(params.get("endsAt")),
        "covers": "" if params.get("takesWaiting", True) else _NEWER_ONLY.localized(locale),
        "more": Text(f" ほか{more}件", f" and {more} more").localized(locale) if more > 0 else "",
    }
    words = WORDS[NotificationType(kind)]
    return words.title.localized(locale).format(**values), words.body.localized(locale).format(**values).strip()


_NEWER_ONLY: Final = Text("（開始後に届いた申請のみ）", ", only for what comes from then on")


def _moment(value: str | None) -> str:
    return "" if value is None else zone.local(datetime.fromisoformat(value)).strftime("%Y-%m-%d %H:%M")
