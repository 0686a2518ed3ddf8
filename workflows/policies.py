"""Named timeouts and retry policies of the processes, and the queue on which each step is served.

Times are how long one try, or all tries together, may take. Every one is far above the measured duration, so
that only a fault reaches it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio.common import RetryPolicy

from services.contracts.processes import TaskQueue

STEP_TIMEOUT = timedelta(minutes=2)
"""One call of a step: at most 2,000 rows in transactions of 500."""
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
"""How soon a step whose worker was killed is given to another one; a step that only waits keeps reporting."""

FORWARD_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30), maximum_attempts=14
)
"""Before the pivot: some four minutes of failing tries, then the process is undone. Waiting for a worker that is
down is no try: a process outlives the restart of any part."""

INSISTENT_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))
"""At and after the pivot, and in compensation: no limit but `PATIENCE`, after which a person is told."""

PATIENCE = timedelta(minutes=3)
"""How long something may fail or stand still before the process shows as NEEDS_ATTENTION."""
ATTENTION_PAUSE = timedelta(minutes=1)
ATTENTION_PAUSE_LIMIT = timedelta(hours=1)
"""Between two tries of what needs attention; doubles up to the limit, so that weeks of waiting fit one history."""

PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(minutes=1), maximum_interval=timedelta(hours=1))
"""Once somebody was told. The server repeats the call, which writes no history however long it takes."""

HISTORY_LIMIT = 1_000
"""Events after which a waiting process begins anew; Temporal ends a workflow at 51,200. A lower limit stops runs that
have grown past it, unless `workflow.patched` keeps them to the old one."""

STANDSTILL_PAUSE = timedelta(seconds=2)
STANDSTILL_PAUSE_LIMIT = timedelta(minutes=1)
"""Between two slices when the first moved nothing though rows remain, as they wait for another process."""

LOCAL_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=5)
LOCAL_PATIENCE = timedelta(seconds=5)
"""A step of the workflow's own service is tried locally this long, then it is the server's to repeat: a local
activity that waits for the database writes events all the time."""
SERVER_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(minutes=5))
"""Without an end: what was accepted is carried out once the database is back, after no longer than it was away."""

LEDGER_TIMEOUT = timedelta(seconds=10)
LEDGER_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
UNBOUNDED_LOCAL_RETRY_THRESHOLD = timedelta(seconds=2)
"""A longer back-off becomes a durable timer, so that no workflow task is held open meanwhile."""

APPROVAL_STEP_TIMEOUT = timedelta(seconds=20)
"""One try of a decision's transaction; it may wait for the row's lock, which the database ends sooner."""
APPROVAL_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=5))
"""Without an end: an update that was accepted is carried out once the database is back."""
APPROVAL_REFUSED_PAUSE = timedelta(hours=1)
"""Until a reminder, an escalation or a look at the row that met a defect is tried again by itself."""

_QUEUES = {
    "activities.auth.contract": TaskQueue.AUTH,
    "activities.customer.contract": TaskQueue.CUSTOMER,
    "activities.sales_activity.contract": TaskQueue.SALES_ACTIVITY,
    "activities.opportunity.contract": TaskQueue.OPPORTUNITY,
}


def queue_of(stub: Callable[..., Any]) -> TaskQueue:
    """The queue of the service in whose contract the step stands."""
    return _QUEUES[stub.__module__]
