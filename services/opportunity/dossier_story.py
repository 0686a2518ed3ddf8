"""Whether request, votes, proxies and history of a dossier tell the same story.

A signature only says who told it. These are the rules of ``machine`` as far as a history shows them.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction, ApprovalState, StepIn
from services.opportunity import dossier_circulation, dossier_opinions
from services.opportunity.dossier_opinions import Contradiction
from services.opportunity.progress import SUPERIOR
from services.opportunity.schemas.dossier import DossierEntry, DossierRecord, DossierVote, EntryFacts

DECIDING: Final = frozenset({ApprovalAction.APPROVE, ApprovalAction.REJECT, ApprovalAction.RETURN})
_SETTLED: Final = frozenset({ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.REJECTED})
_CONTENT: Final = ("kind", "amount", "currency", "fields")
Vote = tuple[int, int, int, str, UUID | None, UUID | None]
"""Generation, revision, stage, decision, whose it is, who gave it."""


def contradictions(record: DossierRecord) -> Iterator[Contradiction]:
    yield from _of_the_course(record)
    yield from _of_the_end(record)
    yield from _of_votes(record)
    yield from dossier_opinions.contradictions(record)
    yield from dossier_circulation.contradictions(record)
    for position, entry in enumerate(record.history):
        yield from _of_one_entry(record, position, entry)
    yield from _of_the_content(record)
    yield from _of_names(record)


def _of_the_course(record: DossierRecord) -> Iterator[Contradiction]:
    """From entry to entry: whose request, generation, revision and stage."""
    for position, entry in enumerate(record.history):
        facts, place = entry.facts, f"/record/history/{position}/facts"
        if facts.approval_id != record.request.id:
            yield f"{place}/approvalId", "is another request"
        if not position:
            continue
        before = record.history[position - 1].facts
        if facts.generation - before.generation not in ((0, 1) if facts.action == ApprovalAction.RESTORE else (0,)):
            yield f"{place}/generation", f"does not follow generation {before.generation}"
        if facts.revision - before.revision != (facts.action == ApprovalAction.RESUBMIT):
            yield f"{place}/revision", f"does not follow revision {before.revision}"
        if facts.stage not in _stages_after(before):
            yield f"{place}/stage", f"does not follow stage {before.stage}"


def _stages_after(facts: EntryFacts) -> set[int]:
    """At which stages a request may stand after an entry; entries name the stage that their actor saw."""
    if facts.action == ApprovalAction.RESUBMIT:
        return {0, facts.stage}
    if facts.action == ApprovalAction.TAKE_BACK:
        return {facts.stage, facts.stage - 1}
    if facts.action == ApprovalAction.APPROVE and facts.state is ApprovalState.PENDING:
        return {facts.stage, facts.stage + 1}
    return {facts.stage}


def _of_the_end(record: DossierRecord) -> Iterator[Contradiction]:
    """The request stands where its last entry left it, decided by whom and when the history says."""
    request = record.request
    if not record.history:
        yield "/record/history", "is empty"
        return
    last = record.history[-1].facts
    for name, is_told, is_so in (
        ("state", request.state, last.state),
        ("generation", request.generation, last.generation),
        ("revision", request.revision, last.revision),
    ):
        if is_told != is_so:
            yield f"/record/request/{name}", f"is {is_told}, the history ends with {is_so}"
    if request.stage not in _stages_after(last):
        yield "/record/request/stage", f"is {request.stage}, the history ends at {last.stage}"
    decider: UUID | None = None
    decided_at = None
    if request.state in TERMINAL_APPROVAL_STATES:
        ending = last
        for entry in reversed(record.history):
            if entry.facts.state is not request.state:
                break
            ending = entry.facts
        decider, decided_at = ending.actor_id, ending.at
    if request.decided_by_id != decider:
        yield "/record/request/decidedById", f"is {request.decided_by_id}, by the history it was {decider}"
    if request.decided_at != decided_at:
        yield "/record/request/decidedAt", f"is {request.decided_at}, by the history it was {decided_at}"


def _of_votes(record: DossierRecord) -> Iterator[Contradiction]:
    """Each vote has its entry, and each decision its vote."""
    given = Counter(map(_vote, record.votes))
    decided: Counter[Vote] = Counter()
    taken, idle = _taken_back(record)
    for position in idle:
        yield f"/record/history/{position}/facts", "takes back what its actor had not approved"
    for position, entry in enumerate(record.history):
        if entry.facts.action in DECIDING and position not in taken:
            vote = _vote_told(entry.facts)
            decided[vote] += 1
            if decided[vote] > given[vote]:
                yield f"/record/history/{position}/facts", "is a decision without its vote"
    for position, told in enumerate(record.votes):
        if given[_vote(told)] > decided[_vote(told)]:
            yield f"/record/votes/{position}", "is a vote that the history does not tell of"


def _taken_back(record: DossierRecord) -> tuple[set[int], list[int]]:
    """Positions of approvals that were taken back, whose votes are gone; and those of entries that took back nothing:
    the approval before is not their actor's."""
    taken: set[int] = set()
    idle: list[int] = []
    approved: list[int] = []
    for position, entry in enumerate(record.history):
        if entry.facts.action == ApprovalAction.APPROVE:
            approved.append(position)
        elif entry.facts.action == ApprovalAction.TAKE_BACK:
            last = approved.pop() if approved else None
            if last is None or record.history[last].facts.actor_id != entry.facts.actor_id:
                idle.append(position)
            else:
                taken.add(last)
    return taken, idle


def _vote(vote: DossierVote) -> Vote:
    return vote.generation, vote.revision, vote.stage, vote.decision, vote.approver_id, vote.voter_id


def _vote_told(facts: EntryFacts) -> Vote:
    place = facts.generation, facts.revision, facts.stage
    return *place, facts.action, facts.on_behalf_of_id or facts.actor_id, facts.actor_id


def _of_one_entry(record: DossierRecord, position: int, entry: DossierEntry) -> Iterator[Contradiction]:
    """Who acted had the right to."""
    facts, place = entry.facts, f"/record/history/{position}"
    if facts.role == SUPERIOR:
        yield from _of_stepping_in(record, position, entry)
    elif facts.on_behalf_of_id is not None and not any(
        (proxy.from_id, proxy.to_id) == (facts.on_behalf_of_id, facts.actor_id)
        and proxy.starts_at <= facts.at <= proxy.ends_at
        for proxy in record.proxies
    ):
        yield f"{place}/facts/onBehalfOfId", "no proxy gave the right to act in this name at that time"
    if facts.action not in DECIDING:
        return
    if record.request.requester_id in (facts.actor_id, facts.on_behalf_of_id):
        yield f"{place}/facts/actorId", "decided a request of their own"
    seen = (entry.personal or {}).get("snapshot")
    if isinstance(seen, dict):
        yield from _of_what_was_seen(facts, seen, f"{place}/personal/snapshot")


def _of_stepping_in(record: DossierRecord, position: int, entry: DossierEntry) -> Iterator[Contradiction]:
    """A superior took an approver's place where the stage let them (引上げ承認), or took that back."""
    facts, place = entry.facts, f"/record/history/{position}"
    pair = facts.actor_id, facts.on_behalf_of_id
    if facts.action == ApprovalAction.TAKE_BACK:
        earlier = (before.facts for before in record.history[:position])
        if not any(pair == (told.actor_id, told.on_behalf_of_id) and told.role == SUPERIOR for told in earlier):
            yield f"{place}/facts/role", "did not step in before"
        return
    if facts.action not in DECIDING or None in pair:
        yield f"{place}/facts/role", "is none of who does this"
    personal = entry.personal
    if personal is None:
        return
    line = personal.get("line")
    if not isinstance(line, list) or line[-1:] != [str(facts.actor_id)] or str(facts.on_behalf_of_id) in line:
        yield f"{place}/personal/line", "does not lead from the approver to who stepped in"
    stages = (personal.get("snapshot") or {}).get("stages")
    stage = stages[facts.stage] if isinstance(stages, list) and 0 <= facts.stage < len(stages) else {}
    if stage.get("stepIn") not in (StepIn.ALWAYS, StepIn.WHEN_LATE):
        yield f"{place}/personal/snapshot/stages", f"does not let superiors step in at stage {facts.stage}"


def _of_what_was_seen(facts: EntryFacts, seen: dict[str, Any], place: str) -> Iterator[Contradiction]:
    if seen.get("revision") != facts.revision:
        yield f"{place}/revision", f"is not revision {facts.revision}, which was decided on"
    stages, in_whose_place = seen.get("stages"), str(facts.on_behalf_of_id or facts.actor_id)
    stage = stages[facts.stage] if isinstance(stages, list) and 0 <= facts.stage < len(stages) else None
    if not isinstance(stage, dict):
        yield f"{place}/stages", f"has no stage {facts.stage}, at which was decided"
    elif in_whose_place not in (*(stage.get("approverIds") or ()), stage.get("escalatedTo")):
        yield f"{place}/stages", f"does not name {in_whose_place} as an approver of the stage"


def _of_the_content(record: DossierRecord) -> Iterator[Contradiction]:
    """What was asked for cannot change while others decide on it: it is what was seen last."""
    if record.request.state not in _SETTLED:
        return
    snapshots = [(entry.personal or {}).get("snapshot") for entry in record.history]
    seen = next((snapshot for snapshot in reversed(snapshots) if isinstance(snapshot, dict)), {})
    told = record.request.model_dump(mode="json", by_alias=True, include=set(_CONTENT), exclude_unset=True)
    for name in told.keys() & seen.keys():
        if told[name] != seen[name]:
            yield f"/record/request/{name}", "is not what was seen at the last action that kept it"


def _of_names(record: DossierRecord) -> Iterator[Contradiction]:
    """Everybody who acted stands among the people, whether or not a name is known."""
    for position, entry in enumerate(record.history):
        for name, who in (("actorId", entry.facts.actor_id), ("onBehalfOfId", entry.facts.on_behalf_of_id)):
            if who is not None and str(who) not in record.people:
                yield f"/record/history/{position}/facts/{name}", "is not among the people"
