"""Refusals of this service, besides the kit's."""

from services.kit.errors import NotFound, Text, TooManyRequests, Unprocessable


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


def too_many_streams(most: int, retry_after: int) -> TooManyRequests:
    return TooManyRequests(retry_after, Text("同時に開けるストリームの上限です", f"At most {most} open streams"))


def unknown_unsubscribe_token() -> NotFound:
    return NotFound(Text("この配信停止のリンクは正しくありません", "This link to stop mails is not one of ours"))
