"""Business errors on their way through Temporal, and back."""

from temporalio.exceptions import ApplicationError

from services.kit.errors import ProblemError, RemoteProblemError


def application_error(error: ProblemError) -> ApplicationError:
    """Non-retryable, of the error's stable code, with the problem in both languages as its detail.

    503 and 429 say "later", so Temporal may repeat those.
    """
    return ApplicationError(str(error), error.payload(), type=error.code, non_retryable=error.status not in (429, 503))


def problem_in(error: BaseException | None) -> RemoteProblemError | None:
    """The business error inside a Temporal failure (update, activity or workflow), None when there is none."""
    while error is not None:
        if isinstance(error, ApplicationError) and error.details and isinstance(error.details[0], dict):
            payload = error.details[0]
            if {"status", "code", "title"} <= payload.keys():
                return RemoteProblemError.from_payload(payload)
        error = getattr(error, "cause", None) or error.__cause__
    return None
