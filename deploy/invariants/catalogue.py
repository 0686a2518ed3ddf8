"""All invariants that hold on any running system at rest, in the order in which `ringi verify` shows them."""

from typing import Final

from deploy.invariants import (
    approvals,
    attachments,
    bulk,
    circulation,
    copies,
    customers,
    events,
    notices,
    opinions,
    positions,
    processes,
    read_models,
    retention,
    timers,
    users,
)
from deploy.invariants import audit as audit_log
from deploy.invariants.model import Invariant

INVARIANTS: Final = (
    Invariant(
        "deleted-customers",
        "No live task, meeting or open request belongs to a deleted customer",
        customers.gone_without_live_rows,
    ),
    Invariant("deleted-users", "No live work refers to a deleted user", users.gone_without_live_work),
    Invariant(
        "one-decision",
        "Each generation of a request ends at most once; row, history, event and audit agree",
        approvals.one_outcome,
    ),
    Invariant("decision-workflow", "Request and workflow agree on open and ended", approvals.workflow_agrees),
    Invariant("decision-read-model", "Request and read model agree", approvals.read_model_agrees),
    Invariant(
        "decision-right",
        "Whoever decided had the right to, then, and is not the requester",
        approvals.decided_with_right,
    ),
    Invariant("as-seen", "What waits or was decided is what was seen at the last action", approvals.stand_as_seen),
    Invariant("one-place", "Nobody fills two places of one stage", approvals.one_place_each),
    Invariant("opinions", "No opinion is awaited of a request that has ended", opinions.awaited_while_open),
    Invariant("opinions-clock", "A clock stands while its decision waits for an opinion", opinions.stop_the_clock),
    Invariant("approval-chains", "The hash chains of all requests verify up to their heads", approvals.chains_verify),
    Invariant(
        "receipts",
        "Whoever confirmed a reading, reviewed or gave an opinion had been asked, and is not the requester",
        circulation.answered_as_asked,
    ),
    Invariant("circulation", "No reading, review or opinion is asked for beyond its time", circulation.asked_in_time),
    Invariant(
        "attachments",
        "Every attachment's hash equals its row, its file, and what was decided on",
        attachments.files_match,
    ),
    Invariant(
        "retention",
        "What was deleted by the rules of retention is gone, was not held, and its time had passed",
        retention.deleted_by_rule,
    ),
    Invariant(
        "bulk-items",
        "Every item of a bulk decision says truly whether its batch decided it",
        bulk.items_tell_the_truth,
    ),
    Invariant("audit-chain", "The audit log's chain verifies and misses no entry", audit_log.chain_verifies),
    Invariant("published", "Every committed event was published to the present cluster", events.published),
    Invariant(
        "applied-once",
        "Every consumer applied every event exactly once, or keeps it as a dead letter",
        events.applied_once,
    ),
    Invariant(
        "positions",
        "Every consumer reads every partition, and finds the next record where it should be",
        positions.have_no_gap,
    ),
    Invariant("no-gaps", "Versions of an aggregate have no gaps in its events", events.versions_without_gaps),
    Invariant("rows-events", "Every row is at the version of its last event", events.rows_match_events),
    Invariant("copies", "Reference copies equal their source", copies.equal_the_source),
    Invariant("read-models", "Read models equal SQL on the sources", read_models.equal_the_sources),
    Invariant("processes-rows", "Processes and rows correspond one to one", processes.correspond_to_rows),
    Invariant(
        "processes-workflows",
        "Every open process has a running workflow, or says that it needs attention",
        processes.have_their_workflow,
    ),
    Invariant("commands", "No command is in flight for more than a minute", processes.no_command_lingers),
    Invariant("processes-deadline", "No cascade is open beyond its deadline", processes.none_overdue),
    Invariant("fences", "Every fence belongs to a process that holds it", processes.fences_have_a_process),
    Invariant("notices-once", "At most one notice of a kind per task and due date", timers.told_once),
    Invariant("notices-live", "No notice for a task that had ended", timers.told_of_live_tasks),
    Invariant("notices-over", "No unread notice of what is over", notices.none_of_what_is_over),
    Invariant("at-rest", "No undelivered intent and no open dead letter", events.nothing_stuck),
)
