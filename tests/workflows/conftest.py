"""Workers with fake steps on the real Temporal server, and patience that a test can wait for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

from services.contracts.processes import TaskQueue
from tests.workflows.world import LEDGER, fakes_of
from workflows import policies
from workflows.customer_deletion import CustomerDeletion
from workflows.customer_restoration import CustomerRestoration

AT_ONCE = timedelta(milliseconds=10)


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policies of production with other numbers: minutes of failures pass in fractions of a second."""
    every = RetryPolicy(initial_interval=AT_ONCE, backoff_coefficient=1.0)
    for name, value in {
        "FORWARD_RETRY": RetryPolicy(initial_interval=AT_ONCE, backoff_coefficient=1.0, maximum_attempts=5),
        "INSISTENT_RETRY": every,
        "PATIENCE": timedelta(seconds=1),
        "ATTENTION_PAUSE": AT_ONCE,
        "ATTENTION_PAUSE_LIMIT": AT_ONCE * 4,
        "PATIENT_RETRY": every,
        "STANDSTILL_PAUSE": AT_ONCE * 5,
        "STANDSTILL_PAUSE_LIMIT": AT_ONCE * 20,
    }.items():
        monkeypatch.setattr(policies, name, value)


@pytest.fixture(scope="module")
async def customer_processes(temporal: Client) -> AsyncIterator[Client]:
    """The customer's workflows with the fake steps of tests.workflows.world; other modules have other workers on the
    same queues, so these end with theirs."""
    async with AsyncExitStack() as stack:
        for queue, service in (
            (TaskQueue.CUSTOMER, "customer"),
            (TaskQueue.OPPORTUNITY, "opportunity"),
            (TaskQueue.SALES_ACTIVITY, "sales_activity"),
        ):
            home = service == "customer"
            worker = Worker(
                temporal,
                task_queue=queue,
                workflows=[CustomerDeletion, CustomerRestoration] if home else [],
                activities=[*fakes_of(service), *(LEDGER if home else [])],
            )
            await stack.enter_async_context(worker)
        yield temporal
