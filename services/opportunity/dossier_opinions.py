"""What the history of a dossier tells of opinions (意見照会) agrees with the rules of ``opinions``."""

from collections.abc import Iterator
from typing import Any

from services.contracts.states import ApprovalAction
from services.opportunity.schemas.dossier import DossierEntry, DossierRecord

Contradiction = tuple[str, str]
"""JSON pointer, and what is wrong there."""

_ANSWERS = frozenset({ApprovalAction.GIVE_OPINION, ApprovalAction.DECLINE_OPINION})
_DECIDES = frozenset({ApprovalAction.APPROVE, ApprovalAction.REJECT})
_MOVES_PLACES = frozenset({ApprovalAction.ADD_APPROVER, ApprovalAction.REASSIGN, ApprovalAction.ESCALATE})
"""Whoever is awaited may have become an approver by it, or wait at another stage: nothing is known to wait for them."""


class _Stage:
    """Whom a stage has asked so far, and whether the decision waits for them."""

    def __init__(self) -> None:
        self.awaited: dict[str, bool] = {}
        self.is_known = True
        """False once a question or its end was erased: then nobody knows whom it was put to."""


def contradictions(record: DossierRecord) -> Iterator[Contradiction]:
    """Whoever answers was asked, and nothing was decided while an opinion was awaited."""
    stage, where = _Stage(), None
    for position, entry in enumerate(record.history):
        here = (entry.facts.generation, entry.facts.revision, entry.facts.stage)
        if here != where:
            stage, where = _Stage(), here
        yield from _of_entry(stage, entry, f"/record/history/{position}")


def _of_entry(stage: _Stage, entry: DossierEntry, place: str) -> Iterator[Contradiction]:
    action = entry.facts.action
    kept = (entry.personal or {}).get("opinion")
    question: dict[str, Any] = kept if isinstance(kept, dict) else {}
    if action in (ApprovalAction.ASK_OPINION, ApprovalAction.WITHDRAW_OPINION):
        stage.is_known &= not entry.erased
    if action == ApprovalAction.ASK_OPINION:
        stage.awaited[str(question.get("askedId"))] = question.get("blocks") is True
    elif action in _ANSWERS:
        if stage.awaited.pop(str(entry.facts.actor_id), None) is None and stage.is_known:
            yield f"{place}/facts/actorId", "answers what nobody asked them"
    elif action == ApprovalAction.WITHDRAW_OPINION:
        if stage.awaited.pop(str(question.get("askedId")), None) is None and stage.is_known:
            yield f"{place}/personal/opinion/askedId", "had not been asked"
    elif action in _MOVES_PLACES:
        stage.awaited = dict.fromkeys(stage.awaited, False)
    elif action in _DECIDES and stage.is_known and any(stage.awaited.values()):
        yield f"{place}/facts/action", "was done while an opinion was awaited"
