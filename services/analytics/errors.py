"""Refusals of this service, besides the kit's."""

from services.kit.errors import Conflict, NotFound, Text, Unprocessable


def unknown_time_zone() -> Unprocessable:
    message = Text("タイムゾーンが正しくありません", "Unknown time zone")
    return Unprocessable.field("/timeZone", "time_zone_unknown", message, "query")


def period_invalid() -> Unprocessable:
    message = Text("期間の終わりは始まりより後にしてください", "The period must end after it starts, within 10 years")
    return Unprocessable.field("/to", "period_invalid", message, "query")


def too_many_parts(most: int) -> Unprocessable:
    message = Text("期間が長すぎます", f"At most {most} parts; group by a longer one")
    return Unprocessable.field("/groupBy", "too_many_parts", message, "query")


def malformed_event_id() -> Unprocessable:
    message = Text("Last-Event-ID が正しくありません", "Last-Event-ID is not one of this stream's")
    return Unprocessable.field("/Last-Event-ID", "malformed", message, "header")


def unknown_unsubscribe_token() -> NotFound:
    return NotFound(Text("この配信停止のリンクは正しくありません", "This link to stop mails is not one of ours"))


def too_many_webhooks(most: int) -> Conflict:
    return Conflict(Text(f"Webhook は {most} 件まで登録できます", f"At most {most} webhooks"))


_URL_REFUSALS = {
    "url_malformed": Text("URL の形式が正しくありません", "This is no URL"),
    "url_not_https": Text("https の URL を指定してください", "The URL has to begin with https"),
    "url_with_credentials": Text(
        "ユーザー名・パスワード・# 以降を含まない URL を指定してください",
        "A URL without name, password and fragment, please",
    ),
    "url_private": Text(
        "社内のアドレスには送信できません。必要な場合は運用担当に許可を依頼してください",
        "Nothing is sent to private addresses; ask operations to allow it where it is needed",
    ),
}


def webhook_url_refused(code: str) -> Unprocessable:
    return Unprocessable.field("/url", code, _URL_REFUSALS[code])
