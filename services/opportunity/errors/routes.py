"""Refusals about routes and their versions."""

from services.kit.errors import Conflict, Text, Unprocessable


class NoRoute(Unprocessable):
    code = "no_route"
    title = Text("承認者が見つかりません", "No approver could be found for this request")


class TooFewApprovers(Unprocessable):
    """Fewer people can decide at a stage of the route than it asks for; an administrator changes the route."""

    code = "too_few_approvers"
    title = Text("承認できる人が足りません", "Too few people can decide")

    def __init__(self, stage: str, *, needed: int, available: int) -> None:
        detail = Text(
            f"「{stage}」には {needed} 人の承認が必要ですが、承認できる人は {available} 人です。"
            "承認ルートの変更を管理者に依頼してください",
            f'"{stage}" asks for {needed} approvals and {available} can give one.'
            " Ask an administrator to change the route",
        )
        super().__init__(detail, stage=stage, needed=needed, available=available)


class VersionPlannedAlready(Conflict):
    """``version`` is the one that takes over at the same instant: it can be changed, or withdrawn."""

    code = "version_planned_already"
    title = Text("この日時に切り替わる版がすでにあります", "Another version takes over at this very time already")

    def __init__(self, version: int) -> None:
        super().__init__(version=version)


class VersionSettled(Conflict):
    """Only what is still to come can be changed; ``state`` is the version's own."""

    code = "version_settled"
    title = Text("この版はもう予定ではありません", "This version is not a plan any more")

    def __init__(self, state: str) -> None:
        super().__init__(
            Text("予定の版だけを変更または取り下げできます", "Only planned versions can be changed or withdrawn"),
            state=state,
        )
