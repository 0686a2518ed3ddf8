"""What counts as a Temporal that can't be reached, and what is a defect that must show."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from services.kit.running.temporal import connect, is_away
from tests.support.ports import free_port
from tests.support.temporal import TemporalAddress


async def test_a_server_that_does_not_answer_is_away() -> None:
    """Also tells when the SDK words this in another way than `AWAY` knows."""
    with pytest.raises(RuntimeError) as refused:
        await connect(TemporalAddress(f"127.0.0.1:{free_port()}"))
    assert is_away(refused.value)
    lazy = await connect(TemporalAddress(f"127.0.0.1:{free_port()}"), lazy=True)
    with pytest.raises(RuntimeError) as refused:
        await lazy.get_workflow_handle("any").describe()
    assert is_away(refused.value)


def test_a_defect_is_not_taken_for_a_server_that_is_away() -> None:
    assert not is_away(RuntimeError("this event loop is already running"))
    assert not is_away(ExceptionGroup("both", [OSError(), RuntimeError("a defect")]))
    assert is_away(ExceptionGroup("both", [OSError(), RuntimeError("Worker validation failed: no server")]))


@pytest.mark.parametrize(
    ("status", "away"),
    [
        (RPCStatusCode.UNAVAILABLE, True),
        (RPCStatusCode.DEADLINE_EXCEEDED, True),
        (RPCStatusCode.INVALID_ARGUMENT, False),
        (RPCStatusCode.PERMISSION_DENIED, False),
    ],
)
def test_an_answer_is_away_only_if_it_says_nothing_about_the_question(status: RPCStatusCode, away: bool) -> None:
    assert is_away(RPCError("", status, b"")) is away
