"""The process page has words for whatever the workflows call their steps and states; it cannot import their names."""

from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from frontend import shell
from frontend.ui.i18n import use_locale
from frontend.ui.templating import build_environment
from frontend.ui.views import DECISIVE_STEP
from services.contracts.processes import (
    BulkDecisionStep,
    CustomerDeletionStep,
    CustomerRestorationStep,
    ProcessType,
    UserDeletionStep,
    UserRestorationStep,
)
from services.kit.processes.statuses import ProcessStatus, StepStatus

STEPS: list[type[StrEnum]] = [
    BulkDecisionStep,
    CustomerDeletionStep,
    CustomerRestorationStep,
    UserDeletionStep,
    UserRestorationStep,
]


@pytest.fixture
def words() -> Any:
    use_locale("ja")
    return build_environment(Path(shell.__file__).parent / "templates").get_template("shell/process_parts.html").module


@pytest.mark.parametrize("steps", STEPS)
def test_every_step_has_a_name_and_one_of_them_decides(words: Any, steps: type[StrEnum]) -> None:
    assert [step for step in steps if words.name_text(step) == step] == []
    assert DECISIVE_STEP in list(steps)


@pytest.mark.parametrize("kind", ProcessType)
def test_every_process_has_a_name(words: Any, kind: ProcessType) -> None:
    assert (words.type_text(kind) != kind) == (kind is not ProcessType.TASK_DUE_SOON), "timers have no ledger"


def test_every_state_has_its_words(words: Any) -> None:
    assert [status for status in ProcessStatus if f">{status}<" in words.status_badge(status)] == []
    assert [status for status in StepStatus if words.step_text(status) == status] == []
