"""What mails say besides the notices themselves, in both languages."""

from typing import Final

from services.contracts.states import NotificationType
from services.kit.errors import Text

HEADINGS: Final = {
    NotificationType.APPROVAL_WAITING: Text("承認のお願い", "Waiting for your approval"),
    NotificationType.APPROVAL_DECIDED: Text("申請の結果", "Requests decided"),
    NotificationType.APPROVAL_RETURNED: Text("申請の差戻し", "Returned to you"),
    NotificationType.APPROVAL_REASSIGNED: Text("承認者の振替", "Approvals reassigned"),
    NotificationType.APPROVAL_STEPPED_IN: Text("引上げ承認", "A superior stepped in"),
    NotificationType.APPROVAL_DUE: Text("承認期限のお知らせ", "Approvals due soon"),
    NotificationType.APPROVAL_NUDGED: Text("承認の催促", "Requesters remind you"),
    NotificationType.PROXY_WAITING: Text("代理承認のお願い", "Waiting for you as a proxy"),
    NotificationType.OPINION_ASKED: Text("意見照会", "Your opinion, please"),
    NotificationType.OPINION_GIVEN: Text("意見照会への回答", "Opinions that you asked for"),
    NotificationType.OPINION_ENDED: Text("回答のない意見照会", "Opinions that were not given"),
    NotificationType.APPROVAL_TO_READ: Text("回覧", "To read"),
    NotificationType.APPROVAL_TO_REVIEW: Text("後閲", "To review after the decision"),
    NotificationType.APPROVAL_REVIEWED: Text("後閲でのコメント", "Remarks after decisions"),
    NotificationType.APPROVAL_CONSULTED: Text("申請前の相談", "Drafts that you are asked about"),
    NotificationType.APPROVAL_ADVISED: Text("相談への意見", "Opinions on your drafts"),
    NotificationType.PROXY_GIVEN: Text("代理の開始", "You stand in"),
    NotificationType.PROXY_ENDED: Text("代理の終了", "Proxies ended"),
    NotificationType.TASK_DUE_SOON: Text("タスクの期限", "Tasks due soon"),
    NotificationType.TASK_OVERDUE: Text("期限を過ぎたタスク", "Tasks overdue"),
    NotificationType.TASK_ASSIGNED: Text("タスクの割当て", "Tasks assigned to you"),
    NotificationType.CUSTOMER_ASSIGNED: Text("担当顧客の割当て", "Customers assigned to you"),
    NotificationType.PROCESS_FINISHED: Text("処理の完了", "Processes finished"),
    NotificationType.PROCESS_NEEDS_ATTENTION: Text("対応が必要な処理", "Processes that need attention"),
    NotificationType.WEBHOOK_SWITCHED_OFF: Text("Webhook の停止", "Webhooks switched off"),
}
"""What a kind is called: in subjects, so without a word about whom it concerns, and over its part of a digest."""
SINGLE_SUBJECT: Final = Text("【Ringi】{heading}{number}", "[Ringi] {heading}{number}")
DIGEST_SUBJECT: Final = Text("【Ringi】お知らせ {count}件", "[Ringi] {count} notifications")
GREETING: Final = Text("{name} 様", "Hello {name},")
OPEN: Final = Text("Ringi CRM で開く", "Open in Ringi CRM")
MORE: Final = Text("ほか{count}件は Ringi CRM でご確認ください。", "{count} more are shown in Ringi CRM.")
ALL: Final = Text("すべての通知", "All notifications")
WHY: Final = Text(
    "このメールは Ringi CRM の通知設定に従って自動で送信されています。ご返信いただいてもお答えできません。",
    "Ringi CRM sends this mail by itself, as your notification settings ask for. Nobody reads replies to it.",
)
SETTINGS: Final = Text("通知設定を変更する", "Change your notification settings")
