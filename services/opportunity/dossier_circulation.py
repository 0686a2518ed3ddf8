"""Whether what a dossier tells of readings, reviews and opinions can have happened so."""

from collections.abc import Iterator
from typing import Final

from services.contracts.states import ApprovalAction, ApprovalState
from services.opportunity.schemas.dossier import DossierRecord

_AFTER_THE_DECISION: Final = frozenset({ApprovalState.APPROVED, ApprovalState.REJECTED})
_BEFORE_SUBMISSION: Final = frozenset({ApprovalState.DRAFT, ApprovalState.RETURNED})
_SHOWN: Final = frozenset(ApprovalState) - {ApprovalState.DRAFT}
_WHILE: Final[dict[str, frozenset[ApprovalState]]] = {
    ApprovalAction.READ: _SHOWN,
    ApprovalAction.POST_REVIEW: _AFTER_THE_DECISION,
    ApprovalAction.ADVISE: _BEFORE_SUBMISSION,
}
"""By the action of whoever a request was shown to, in which states it can happen."""


def contradictions(record: DossierRecord) -> Iterator[tuple[str, str]]:
    """JSON pointer, and what is wrong there. Opinions are of those who were asked for them before."""
    consulted: set[str] = set()
    for position, entry in enumerate(record.history):
        facts, place = entry.facts, f"/record/history/{position}"
        if facts.action == ApprovalAction.CONSULT and entry.personal is not None:
            consulted.add(str(entry.personal.get("toId")))
        states = _WHILE.get(facts.action)
        if states is None:
            continue
        if facts.state not in states:
            yield f"{place}/facts/state", f"is {facts.state}, in which nobody is asked for this"
        if facts.actor_id == record.request.requester_id:
            yield f"{place}/facts/actorId", "answers what was asked about their own request"
        if facts.action == ApprovalAction.ADVISE and not _any_erased(record) and str(facts.actor_id) not in consulted:
            yield f"{place}/facts/actorId", "gives an opinion that nobody asked for"


def _any_erased(record: DossierRecord) -> bool:
    """Whom a draft was shown to is among what can be erased."""
    return any(entry.erased for entry in record.history)
