"""Approvals: one outcome everywhere, decided by who had the right to, in a chain that verifies."""

from typing import Any, Final
from uuid import UUID

from temporalio.client import WorkflowExecutionStatus

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.processes import workflow_status
from deploy.invariants.system import Row, System
from services.contracts.processes import approval_id
from services.opportunity.chain import GENESIS, entry_hash

DECIDED: Final = ["APPROVED", "REJECTED"]
TERMINAL: Final = [*DECIDED, "RECALLED", "CANCELLED"]
DECIDING: Final = ["APPROVE", "REJECT", "RETURN"]
SAID: Final = ["READ", "POST_REVIEW", "LEGAL_HOLD", "LEGAL_RELEASE", "PURGE_FILES"]
"""What is said of a request or done to its files after its end, and ends nothing."""
WORKFLOWS_LOOKED_AT: Final = 500
"""The newest decided requests: asking Temporal costs a call each, and older ones are beyond its retention."""


async def one_outcome(system: System) -> list[Violation]:
    """Each generation has at most one terminal decision, and row, history, event and audit tell the same one."""
    twice = await system.all(
        "opportunity",
        "SELECT approval_id, generation, count(*) AS n FROM approval_history WHERE state = ANY(%s)"
        " AND action <> ALL(%s) GROUP BY approval_id, generation HAVING count(*) > 1 LIMIT %s",
        [TERMINAL, SAID, REPORTED],
    )
    found = [Violation(f"approval:{r['approval_id']}:{r['generation']}", f"ended {r['n']} times") for r in twice]
    rows = await system.all(
        "opportunity",
        "SELECT a.id, a.state, h.state AS told, e.event_type, e.state AS published FROM approvals a"
        " LEFT JOIN LATERAL (SELECT state FROM approval_history h WHERE h.approval_id = a.id"
        " ORDER BY sequence DESC LIMIT 1) h ON true"
        " LEFT JOIN LATERAL (SELECT event_type, data->>'state' AS state FROM outbox o WHERE o.aggregate_id = a.id"
        " AND o.aggregate_version IS NOT NULL AND o.topic = 'approval.events'"
        " ORDER BY aggregate_version DESC LIMIT 1) e ON true"
        " WHERE h.state IS DISTINCT FROM a.state OR e.state IS DISTINCT FROM a.state LIMIT %s",
        [REPORTED],
    )
    found += [
        Violation(f"approval:{r['id']}", f"row {r['state']}, history {r['told']}, event {r['published']}") for r in rows
    ]
    audited = await system.all(
        "opportunity",
        "SELECT a.id, a.state FROM approvals a WHERE a.state = ANY(%s) AND NOT EXISTS"
        " (SELECT 1 FROM audit_entries e WHERE e.resource_type = 'approval' AND e.resource_id = a.id"
        " AND e.detail->>'to' = a.state) LIMIT %s",
        [TERMINAL, REPORTED],
    )
    return found + [Violation(f"approval:{r['id']}:audit", f"no audit entry tells of {r['state']}") for r in audited]


async def read_model_agrees(system: System) -> list[Violation]:
    """The read model of the reports has each request at the row's version and in its state."""
    source = {r["id"]: r for r in await system.all("opportunity", "SELECT id, state, event_version FROM approvals")}
    seen = {
        r["approval_id"]: r
        for r in await system.all(
            "analytics",
            "SELECT DISTINCT ON (approval_id) approval_id, state, version FROM read_model.approval_history"
            " ORDER BY approval_id, version DESC",
        )
    }
    different = [
        key for key, row in source.items() if _told(seen.get(key)) != (row["state"], row["event_version"])
    ] + list(seen.keys() - source.keys())
    return [
        Violation(f"approval:{key}", f"row {source.get(key)}, read model {seen.get(key)}")
        for key in different[:REPORTED]
    ]


def _told(row: Row | None) -> tuple[str, int] | None:
    return None if row is None else (row["state"], row["version"])


async def workflow_agrees(system: System) -> list[Violation]:
    """The workflow of a request that has ended has ended too; one that is open has a running workflow."""
    rows = await system.all(
        "opportunity",
        "SELECT id, generation, state FROM approvals WHERE state <> 'DRAFT' AND submitted_at IS NOT NULL"
        " AND process_id IS NOT NULL ORDER BY updated_at DESC LIMIT %s",
        [WORKFLOWS_LOOKED_AT],
    )
    found = []
    for row in rows:
        status = await workflow_status(system, approval_id(row["id"], row["generation"]))
        ended = row["state"] in TERMINAL
        if ended and status is WorkflowExecutionStatus.RUNNING:
            found.append(Violation(f"approval:{row['id']}", f"is {row['state']}, its workflow still runs"))
        # An ended workflow may have left Temporal's retention; an open request without one is never right.
        if not ended and status is not WorkflowExecutionStatus.RUNNING:
            found.append(Violation(f"approval:{row['id']}", f"is {row['state']}, its workflow is {status}"))
    return found


_STEPPED_IN: Final = (
    # What was erased tells nothing, and a vote that was taken back is gone.
    "h.on_behalf_of IS NOT NULL AND (p.content IS NULL OR"
    " (p.content->'snapshot'->'stages'->h.stage->>'stepIn' IN ('ALWAYS', 'WHEN_LATE')"
    " AND p.content->'line'->>-1 = h.actor_id::text AND NOT p.content->'line' ? h.on_behalf_of::text) IS TRUE)"
    " AND NOT EXISTS (SELECT 1 FROM approval_votes v WHERE v.approval_id = h.approval_id"
    " AND v.generation = h.generation AND v.revision = h.revision AND v.stage = h.stage"
    " AND v.approver_id = h.on_behalf_of AND v.voter_id = h.actor_id AND NOT coalesce(v.step_in_from <= v.at, false))"
)
"""SQL: an entry ``h`` with what it keeps, ``p``, tells of a superior's decision where and when that was allowed."""


async def decided_with_right(system: System) -> list[Violation]:
    """Who decided was a voter of the stage, the proxy of one for what it covers, or a superior of one where the stage
    let them step in, and is not the requester."""
    rows = await system.all(
        "opportunity",
        "SELECT h.id, h.action, h.actor_id, h.on_behalf_of FROM approval_history h JOIN approvals a"  # noqa: S608
        " ON a.id = h.approval_id LEFT JOIN approval_history_personal p ON p.history_id = h.id"
        " WHERE h.action = ANY(%(deciding)s) AND (h.actor_id IS NULL OR h.actor_id = a.requester_id"
        " OR h.on_behalf_of = a.requester_id OR (p.content->'snapshot'->'stages'->h.stage IS NOT NULL"
        " AND NOT (p.content->'snapshot'->'stages'->h.stage->'approverIds' ? coalesce(h.on_behalf_of, h.actor_id)::text"
        " OR coalesce(p.content->'snapshot'->'stages'->h.stage->>'escalatedTo', '')"
        " = coalesce(h.on_behalf_of, h.actor_id)::text))"
        f" OR (h.role = 'SUPERIOR' AND NOT ({_STEPPED_IN}))"
        " OR (h.on_behalf_of IS NOT NULL AND h.role <> 'SUPERIOR' AND NOT EXISTS"
        " (SELECT 1 FROM approval_proxies x WHERE x.from_id ="
        " h.on_behalf_of AND x.to_id = h.actor_id AND h.at BETWEEN x.starts_at AND x.ends_at"
        " AND (x.takes_waiting OR NOT EXISTS (SELECT 1 FROM approval_votes v WHERE v.approval_id = h.approval_id"
        " AND v.generation = h.generation AND v.revision = h.revision AND v.stage = h.stage"
        " AND v.approver_id = h.on_behalf_of AND v.waiting_since < x.starts_at))))) LIMIT %(limit)s",
        {"deciding": DECIDING, "limit": REPORTED},
    )
    return [
        Violation(f"history:{r['id']}", f"{r['action']} by {r['actor_id']} for {r['on_behalf_of']} without the right")
        for r in rows
    ]


async def stand_as_seen(system: System) -> list[Violation]:
    """What was asked for can't change while others decide on it. What was erased, and what was kept before kinds had
    fields, tells nothing of them."""
    rows = await system.all(
        "opportunity",
        "SELECT a.id, a.state FROM approvals a CROSS JOIN LATERAL (SELECT p.content -> 'snapshot' AS seen"
        " FROM approval_history h JOIN approval_history_personal p ON p.history_id = h.id"
        " WHERE h.approval_id = a.id AND p.content ? 'snapshot' ORDER BY h.sequence DESC LIMIT 1) last"
        " WHERE a.state = ANY(%s) AND ((last.seen ->> 'kind', last.seen ->> 'amount', last.seen ->> 'currency')"
        " IS DISTINCT FROM (a.kind, coalesce(trim_scale(a.exact_amount)::text, a.amount::text), a.currency)"
        " OR last.seen ? 'fields' AND last.seen -> 'fields' <> a.fields) LIMIT %s",
        [["PENDING", *DECIDED], REPORTED],
    )
    return [Violation(f"approval:{r['id']}", f"{r['state']}, and is not what was seen last") for r in rows]


async def one_place_each(system: System) -> list[Violation]:
    """Nobody's approvals fill two places of one stage: as themselves, as a proxy, a superior or by escalation."""
    rows = await system.all(
        "opportunity",
        "SELECT approval_id, stage, voter_id, count(*) AS n FROM approval_votes WHERE decision = 'APPROVE'"
        " GROUP BY approval_id, generation, revision, stage, voter_id HAVING count(*) > 1 LIMIT %s",
        [REPORTED],
    )
    return [
        Violation(f"approval:{r['approval_id']}:{r['stage']}", f"{r['voter_id']} fills {r['n']} places") for r in rows
    ]


async def chains_verify(system: System) -> list[Violation]:
    """Each entry's hash follows from its facts and the one before it, without gaps, up to the head of the row."""
    rows = await system.all("opportunity", "SELECT * FROM approval_history ORDER BY approval_id, sequence")
    ends: dict[object, tuple[int, str]] = {}
    found = []
    for row in rows:
        position, before = ends.get(row["approval_id"], (0, GENESIS))
        follows = row["sequence"] == position + 1 and row["previous_hash"] == before
        if not follows or row["hash"] != entry_hash(before, history_facts(row)):
            found.append(Violation(f"approval:{row['approval_id']}:{row['sequence']}", "breaks the chain"))
        ends[row["approval_id"]] = (row["sequence"], row["hash"])
    found += [
        Violation(f"approval:{row['id']}", "its chain does not end at the head that the row keeps")
        for row in await system.all("opportunity", "SELECT id, history_length, history_head FROM approvals")
        if ends.get(row["id"], (0, GENESIS)) != (row["history_length"], row["history_head"])
    ]
    return found[:REPORTED]


def history_facts(row: Row) -> dict[str, Any]:
    """The plain facts that an entry's hash covers, as they were when it was written."""
    return {
        "approvalId": str(row["approval_id"]),
        "sequence": row["sequence"],
        "at": row["at"],
        "action": row["action"],
        "actorId": _text(row["actor_id"]),
        "onBehalfOfId": _text(row["on_behalf_of"]),
        "role": row["role"],
        "generation": row["generation"],
        "stage": row["stage"],
        "revision": row["revision"],
        "state": row["state"],
        "processId": _text(row["process_id"]),
        "commitment": row["commitment"],
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
