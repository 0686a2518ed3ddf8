"""No step without its crash: a step that a workflow gains is missing in a crash test until somebody puts it there."""

import ast
import inspect
from types import ModuleType

import pytest

from activities.ledger import contract as ledger
from services.contracts.processes import ProcessType
from tests.faults import test_approval_crashes as approvals
from tests.faults import test_bulk_crashes as bulk
from tests.faults import test_cascade_crashes as cascades
from tests.faults import test_handover_crashes as handovers
from tests.faults import test_purge_crashes as purges
from tests.faults import test_timer_crashes as timers
from workflows import (
    approval,
    bulk_decision,
    customer_deletion,
    customer_restoration,
    purge_attachments,
    task_due_soon,
    user_deletion,
    user_restoration,
)

DEFINITION = "__temporal_activity_definition"
SAGAS = {
    ProcessType.CUSTOMER_DELETION: (customer_deletion, cascades.DELETION, cascades.DELETION_UNDONE),
    ProcessType.CUSTOMER_RESTORATION: (customer_restoration, cascades.RESTORATION, cascades.RESTORATION_UNDONE),
    ProcessType.BULK_DECISION: (bulk_decision, bulk.STEPS, ()),
    ProcessType.USER_DELETION: (user_deletion, handovers.HANDOVER, handovers.HANDOVER_UNDONE),
    ProcessType.USER_RESTORATION: (user_restoration, handovers.RETURN, handovers.RETURN_UNDONE),
}
WAITING = {
    ProcessType.APPROVAL: (
        approval,
        {f"opportunity.{step}" for step in approvals.BY_PEOPLE + approvals.BY_PROCESSES + approvals.BY_TIME},
    ),
    ProcessType.TASK_DUE_SOON: (task_due_soon, {f"sales_activity.{step}" for step in timers.STEPS}),
}
COMPARISONS = {
    "ledger.reconcile_processes",
    "ledger.ended_long_ago",
    "ledger.steps_forgotten",
    "steps.forget",
    "sales_activity.reconcile_timers",
}
"""No process: a Schedule begins them anew, and what they find they mend by starting a process."""


def _step(module: ModuleType, node: ast.AST) -> str | None:
    """The step that `contract.step` in a workflow names."""
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return None
    stub = getattr(vars(module).get(node.value.id), node.attr, None)
    return getattr(stub, DEFINITION).name if hasattr(stub, DEFINITION) else None


def steps_of(module: ModuleType) -> tuple[set[str], set[str]]:
    """The steps that a workflow takes, and those by which it takes them back."""
    tree = ast.parse(inspect.getsource(module))
    undoing = [
        argument
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "undo_with"
        for argument in call.args
    ]
    undone = {id(node) for argument in undoing for node in ast.walk(argument)}
    taken = {step for node in ast.walk(tree) if id(node) not in undone and (step := _step(module, node))}
    return taken, {step for argument in undoing if (step := _step(module, argument))}


def test_every_process_has_its_crash_test() -> None:
    assert SAGAS.keys() | WAITING.keys() == set(ProcessType)


@pytest.mark.parametrize("process", SAGAS)
def test_the_worker_dies_around_every_step_of_a_cascade_and_of_its_undo(process: ProcessType) -> None:
    module, taken, undone = SAGAS[process]
    assert steps_of(module) == (set(taken), set(undone))


@pytest.mark.parametrize("process", WAITING)
def test_the_worker_dies_around_everything_that_a_waiting_process_does(process: ProcessType) -> None:
    module, taken = WAITING[process]
    assert steps_of(module)[0] - COMPARISONS == taken


def test_the_worker_dies_around_what_the_purge_does() -> None:
    assert steps_of(purge_attachments) == (set(purges.STEPS), set())


def test_the_worker_dies_around_what_the_ledger_keeps() -> None:
    written = {getattr(stub, DEFINITION).name for stub in vars(ledger).values() if hasattr(stub, DEFINITION)}
    assert written - COMPARISONS == set(cascades.LEDGER)
