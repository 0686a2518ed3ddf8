"""Refusals about readings, reviews and consultations."""

from services.kit.errors import Conflict, Forbidden, Text


class NotShown(Forbidden):
    """The caller sees the request, but nobody asked them to read, review or discuss it."""

    code = "not_shown"
    title = Text(
        "この申請の回覧・後閲・相談の対象者ではありません", "Nobody asked you to read, review or discuss this request"
    )


class NotAskedAnyMore(Conflict):
    """It was called off, submitted or withdrawn meanwhile, or somebody else was named."""

    code = "not_asked_any_more"
    title = Text("この依頼はすでに終了しています", "This is not asked of you any more")


class AnsweredAlready(Conflict):
    code = "answered_already"
    title = Text("すでに後閲済みです", "You have reviewed it already")


class RevisedMeanwhile(Conflict):
    """``revision`` is the one that is asked about."""

    code = "revised_meanwhile"
    title = Text("申請が改訂されています。内容を確認し直してください", "The request was revised. Look at it again")

    def __init__(self, revision: int) -> None:
        super().__init__(revision=revision)


class TooManyAnswers(Conflict):
    code = "too_many_answers"
    title = Text("この申請へのご意見は上限に達しました", "You have said as much about this request as can be kept")

    def __init__(self, most: int) -> None:
        super().__init__(max=most)
