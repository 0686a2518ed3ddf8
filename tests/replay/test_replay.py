"""Processes that began before a change go on after it: every stored history replays on the present code.

A failure here means that running processes would stop at their next step. Keep their way with `workflow.patched`, or
give the new way a new workflow name; `make replay-record` is for shapes that no running process can have any more.
"""

import functools
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from services.contracts.processes import CustomerDeletionInput, ProcessType
from services.contracts.processes import CustomerDeletionStep as Step
from tests.replay.catalogue import HISTORIES, WORKFLOWS, type_of
from tests.replay.record import SHAPES
from tests.replay.scripted_run import RECORDER
from workers.correlating import CorrelationInterceptor
from workers.runtime import sandbox
from workflows import policies
from workflows.customer_deletion import CustomerDeletion
from workflows.saga import SagaOutcome

STORED = sorted(HISTORIES.glob("*.json"))
DELETIONS = [path for path in STORED if path.name.startswith(f"{ProcessType.CUSTOMER_DELETION}.")]
CONTINUED_AS_NEW = [path for path in STORED if ".continued_as_new" in path.name]
CONTINUATIONS = [path for path in STORED if ".continuation" in path.name]
PAST_THE_WAY_FORWARD = (".resumed_after_the_pivot", ".resumed_in_its_undo", ".continuation_after_the_pivot")
"""Runs that took up a process behind the steps before its pivot: they only rehearse those."""


def _history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
async def test_a_stored_history_replays(path: Path) -> None:
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=pydantic_data_converter,
        # As the workers run them: in their sandbox, inside of the client's interceptor and their own.
        workflow_runner=sandbox(),
        interceptors=[TracingInterceptor(), CorrelationInterceptor()],
    )
    await replayer.replay_workflow(_history(path))


def test_every_workflow_that_a_worker_hosts_has_a_stored_history() -> None:
    assert {type_of(kind) for kind in WORKFLOWS} == {path.name.split(".")[0] for path in STORED}


def test_every_shape_that_can_be_recorded_is_stored() -> None:
    """The other way round it need not hold: histories of an earlier version are kept while such processes run."""
    assert set(SHAPES) <= {path.stem for path in STORED}


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_history_tells_nothing_about_the_machine_that_recorded_it(path: Path) -> None:
    text = path.read_text()
    assert set(re.findall(r'"identity": "([^"]*)"', text)) == {RECORDER}
    # A worker's own queue is named after its identity.
    assert all(name.startswith(f"{RECORDER}-") for name in re.findall(r'"name": "([^"]*-[0-9a-f]{32})"', text))
    assert "stackTrace" not in text
    assert "site-packages" not in text


def test_runs_that_continued_as_new_are_stored_with_the_runs_that_took_up() -> None:
    assert CONTINUED_AS_NEW
    for path in CONTINUED_AS_NEW:
        last = _history(path).events[-1]
        assert last.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, path.stem
        assert last.event_id > policies.HISTORY_LIMIT, path.stem
    assert {path.stem.replace("continued_as_new", "continuation") for path in CONTINUED_AS_NEW} == {
        path.stem for path in CONTINUATIONS
    }
    for path in CONTINUATIONS:
        first = _history(path).events[0].workflow_execution_started_event_attributes
        assert first.continued_execution_run_id, path.stem


@pytest.mark.parametrize("path", CONTINUED_AS_NEW, ids=lambda path: path.stem)
async def test_a_lower_limit_of_histories_would_stop_runs_that_have_grown_past_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is a decision like any other: they waited where it would begin them anew."""
    monkeypatch.setattr(policies, "HISTORY_LIMIT", policies.HISTORY_LIMIT // 2)
    with pytest.raises(NondeterminismError):
        await _replay_a_copy(path, _nothing)


def _copy(kind: Any, first: Callable[[], Awaitable[None]]) -> type:
    """A subclass that does `first` and then what the workflow does, under the workflow's own name."""

    @functools.wraps(kind.run, assigned=["__annotations__"], updated=[])
    async def run(self: Any, *request: Any) -> Any:
        await first()
        return await kind.run(self, *request)

    run.__qualname__ = "Copy.run"
    copy = type("Copy", (kind,), {"run": workflow.run(run), "__module__": __name__})
    return workflow.defn(name=type_of(kind))(copy)


async def _nothing() -> None:
    """What a copy does first that changes nothing."""


async def _wait_a_moment() -> None:
    await workflow.sleep(1)


async def _replay_a_copy(path: Path, first: Callable[[], Awaitable[None]]) -> None:
    """Outside of the sandbox, which would import this module, pytest and all, once more."""
    kind = next(kind for kind in WORKFLOWS if type_of(kind) == path.name.split(".")[0])
    replayer = Replayer(
        workflows=[_copy(kind, first)],
        data_converter=pydantic_data_converter,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    await replayer.replay_workflow(_history(path))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
async def test_an_unchanged_copy_of_a_workflow_replays(path: Path) -> None:
    await _replay_a_copy(path, _nothing)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
async def test_a_deliberately_changed_workflow_does_not_replay(path: Path) -> None:
    with pytest.raises(NondeterminismError):
        await _replay_a_copy(path, _wait_a_moment)


@workflow.defn(name=ProcessType.CUSTOMER_DELETION)
class HastyDeletion(CustomerDeletion):
    """The deletion, changed in its midst: it opens its steps in another order."""

    @workflow.run
    async def run(self, request: CustomerDeletionInput) -> SagaOutcome:
        return await CustomerDeletion.run(self, request)

    async def _hold_and_hide(self) -> None:
        async with self.step(Step.HIDE_ACTIVITIES):
            pass
        await super()._hold_and_hide()


@pytest.mark.parametrize(
    "path", [path for path in DELETIONS if not path.stem.endswith(PAST_THE_WAY_FORWARD)], ids=lambda path: path.stem
)
async def test_steps_in_another_order_do_not_replay(path: Path) -> None:
    replayer = Replayer(
        workflows=[HastyDeletion],
        data_converter=pydantic_data_converter,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(_history(path))
