"""Errors that a caller may see: classes with a stable code and an HTTP status (RFC 9457, problem details)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Self
from uuid import UUID

Locale = Literal["ja", "en"]
DEFAULT_LOCALE: Locale = "ja"
ErrorSource = Literal["body", "query", "path", "header"]


class Text(NamedTuple):
    """One message in both languages of the product."""

    ja: str
    en: str

    def localized(self, locale: str) -> str:
        return self.en if locale == "en" else self.ja


def _text(value: Text | str) -> Text:
    return value if isinstance(value, Text) else Text(value, value)


class FieldError(NamedTuple):
    """What is wrong with one value: an RFC 6901 pointer into the body, or ``/name`` of a parameter or header."""

    pointer: str
    code: str
    message: Text | str
    source: ErrorSource = "body"


class ProblemError(Exception):
    """Base of all business errors. Keyword arguments beyond the named ones become members of the problem document."""

    status: int = 500
    code: str = "internal_error"
    title: Text = Text("内部エラーが発生しました", "Internal error")

    def __init__(
        self,
        detail: Text | str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(self.code if detail is None else _text(detail).en)
        self.detail = None if detail is None else _text(detail)
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def problem(self, locale: str, trace_id: str) -> dict[str, Any]:
        """The RFC 9457 document in one language."""
        document: dict[str, Any] = {
            "type": f"urn:ringi:problem:{self.code}",
            "title": self.title.localized(locale),
            "status": self.status,
            "code": self.code,
            "traceId": trace_id,
        }
        if self.detail is not None:
            document["detail"] = self.detail.localized(locale)
        if self.errors:
            document["errors"] = [
                {"pointer": e.pointer, "in": e.source, "code": e.code, "message": _text(e.message).localized(locale)}
                for e in self.errors
            ]
        extra = {key: str(value) if isinstance(value, UUID) else value for key, value in self.extra.items()}
        # The members of RFC 9457 mean the same in every problem: none of ours takes their place.
        return document | {key: value for key, value in extra.items() if key not in document}

    def payload(self) -> dict[str, Any]:
        """The same in both languages, as plain JSON, to cross a process boundary (Temporal failure details)."""
        return {
            "status": self.status,
            "code": self.code,
            "title": list(self.title),
            "detail": None if self.detail is None else list(self.detail),
            "errors": [[e.pointer, e.code, list(_text(e.message)), e.source] for e in self.errors],
            "headers": self.headers,
            "extra": {key: str(value) if isinstance(value, UUID) else value for key, value in self.extra.items()},
        }


class RemoteProblemError(ProblemError):
    """A business error that another process reported; answers exactly as it would have there."""

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The inverse of ProblemError.payload."""
        detail = payload.get("detail")
        error = cls(
            None if detail is None else Text(*detail),
            errors=[FieldError(p, c, Text(*m), s) for p, c, m, s in payload.get("errors", ())],
            headers=payload.get("headers"),
            **payload.get("extra", {}),
        )
        error.status, error.code, error.title = payload["status"], payload["code"], Text(*payload["title"])
        return error


class BadRequest(ProblemError):
    status, code = 400, "bad_request"
    title = Text("リクエストを読み取れません", "The request can't be read")


class Unauthorized(ProblemError):
    status, code = 401, "unauthorized"
    title = Text("サインインが必要です", "Sign in first")

    def __init__(self, detail: Text | str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class Forbidden(ProblemError):
    status, code = 403, "forbidden"
    title = Text("この操作を行う権限がありません", "You may not do this")


class NotFound(ProblemError):
    status, code = 404, "not_found"
    title = Text("見つかりません", "Not found")


class MethodNotAllowed(ProblemError):
    status, code = 405, "method_not_allowed"
    title = Text("このメソッドは使えません", "This method is not allowed here")


class Conflict(ProblemError):
    status, code = 409, "conflict"
    title = Text("現在の状態では実行できません", "Not possible in the present state")


class Blocked(Conflict):
    """A process holds a semantic lock on the record; ``processId`` names it."""

    code = "blocked_by_process"
    title = Text("処理中のため変更できません", "A running process holds this record")

    def __init__(self, process_id: UUID | str, detail: Text | str | None = None) -> None:
        super().__init__(detail, processId=str(process_id))


class InFlight(Conflict):
    code = "idempotency_in_flight"
    title = Text("同じキーの要求を処理中です", "A request with this Idempotency-Key is still running")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class PreconditionFailed(ProblemError):
    """The caller's version is stale; ``currentVersion`` is the present one."""

    status, code = 412, "precondition_failed"
    title = Text("ほかの人が先に変更しました", "Somebody else changed this first")

    def __init__(self, current_version: int, **extra: Any) -> None:
        super().__init__(currentVersion=current_version, **extra)


class PayloadTooLarge(ProblemError):
    status, code = 413, "payload_too_large"
    title = Text("データが大きすぎます", "The body is too large")


class UnsupportedMediaType(ProblemError):
    status, code = 415, "unsupported_media_type"
    title = Text("対応していない形式です", "This media type is not supported")


class Unprocessable(ProblemError):
    status, code = 422, "unprocessable"
    title = Text("入力内容に誤りがあります", "Some values are not valid")

    @classmethod
    def field(cls, pointer: str, code: str, message: Text | str, source: ErrorSource = "body") -> Self:
        """The common case: one value is wrong."""
        return cls(errors=[FieldError(pointer, code, message, source)])


class IdempotencyMismatch(Unprocessable):
    code = "idempotency_key_reused"
    title = Text("このキーは別の内容で使用済みです", "This Idempotency-Key was used with another request")


class PreconditionRequired(ProblemError):
    status, code = 428, "precondition_required"
    title = Text("If-Match ヘッダーが必要です", "Send If-Match with the version that you read")


class TooManyRequests(ProblemError):
    """``retry_after`` in seconds: the header, and ``retryAfter`` in the document for who reads only that."""

    status, code = 429, "too_many_requests"
    title = Text("要求が多すぎます", "Too many requests")

    def __init__(self, retry_after: int, detail: Text | str | None = None) -> None:
        seconds = max(1, retry_after)
        super().__init__(detail, headers={"Retry-After": str(seconds)}, retryAfter=seconds)


class Unavailable(ProblemError):
    """A dependency did not answer in time; nothing was done or the same key may be repeated. Seconds."""

    status, code = 503, "unavailable"
    title = Text("一時的に利用できません", "Temporarily unavailable")
    default_retry_after: ClassVar[int] = 1

    def __init__(self, detail: Text | str | None = None, *, retry_after: int | None = None) -> None:
        seconds = retry_after or self.default_retry_after
        super().__init__(detail, headers={"Retry-After": str(seconds)})
