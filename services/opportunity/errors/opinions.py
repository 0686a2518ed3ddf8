"""Refusals about opinions (意見照会)."""

from collections.abc import Sequence
from uuid import UUID

from services.kit.errors import Conflict, Forbidden, Text


class CannotBeAsked(Conflict):
    """It is their own request, they decide in the present stage, they have been asked already, they may not comment on
    requests, or as many opinions are awaited as may be."""

    code = "cannot_be_asked"
    title = Text("この人には意見を求められません", "This person can't be asked for an opinion here")


class OpinionNotAsked(Forbidden):
    """Nobody asked, or the question is over: withdrawn, answered, or the stage has been decided."""

    code = "opinion_not_asked"
    title = Text("この申請について意見は求められていません", "Nobody awaits your opinion on this request")


class NothingToWithdraw(Conflict):
    code = "nothing_to_withdraw"
    title = Text("取り下げる意見照会がありません", "This person's opinion is not awaited any more")


class OpinionAwaited(Conflict):
    """The stage is decided once these opinions are there, or the questions are withdrawn. ``awaited`` names people."""

    code = "opinion_awaited"
    title = Text("意見の回答を待っています", "The decision waits for an opinion")

    def __init__(self, user_ids: Sequence[UUID], names: Sequence[str] = ()) -> None:
        self.user_ids = tuple(user_ids)
        detail = None
        if names:
            detail = Text(
                f"{'、'.join(f'{name}さん' for name in names)}の回答を待っています。意見照会を取り下げると決裁できます",
                f"{', '.join(names)} has not answered yet. It can be decided once the question is withdrawn",
            )
        super().__init__(detail, awaited=[str(who) for who in user_ids])


class Advises(Forbidden):
    """Whoever is asked for an opinion in a stage, or gave one, does not decide it in somebody else's place as well."""

    code = "advises"
    title = Text(
        "意見を求められた段階では、代理で決裁できません", "Nobody decides by proxy where they are asked for an opinion"
    )
