"""Every action that a service writes into the audit log has words in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.admin import action_words
from frontend.ui.i18n import use_locale
from services.contracts.processes import UPDATE_COMPENSATE, UPDATE_RETRY
from services.contracts.states import ApprovalAction

ROOT = Path(__file__).resolve().parents[2]
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
COMPUTED = {
    "approval.": [action.value.lower() for action in ApprovalAction],
    "process.": [UPDATE_RETRY, UPDATE_COMPENSATE],
}
"""What a formatted action can end with."""
NO_HEADS = {"fields."}
"""What formatted texts begin with that are names of fields."""
WRITERS = re.compile(r"record_audit|AuditedAs\(|_note\(|_audit")
NO_ACTIONS = {
    *("approval.before_answer", "http.before_answer", "attachment.scanned", "webhook.answered"),
    *("attachment.purge_begun", "attachment.purge_deleted"),
    *("index.csv", "index.json", "sample.json", "population.txt"),
}
"""Places in the code at which tests let a process die, and names of files."""


def files() -> list[Path]:
    """Where audit entries are written, and the endpoints that name an action for them."""
    found = [*ROOT.glob("services/**/*.py"), *ROOT.glob("activities/**/*.py")]
    return [path for path in found if WRITERS.search(path.read_text(encoding="utf-8"))]


def actions_in(path: Path) -> Iterator[str]:
    """All texts that have the form of an action; formatted ones with everything that they can become."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            head = node.values[0]
            start = head.value if isinstance(head, ast.Constant) else ""
            if isinstance(start, str) and re.fullmatch(r"[a-z_]+\.", start) and start not in NO_HEADS:
                assert start in COMPUTED, f"{path}: tell in this test what {start}… can be"
                yield from (f"{start}{end}" for end in COMPUTED[start])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and ACTION.fullmatch(node.value):
            yield node.value


def written() -> set[str]:
    return {action for path in files() for action in actions_in(path)} - NO_ACTIONS


def test_the_actions_of_all_services_are_found() -> None:
    services = {path.relative_to(ROOT).parts[1] for path in files()}
    assert {"auth", "customer", "sales_activity", "opportunity", "kit"} <= services
    assert {"user.login", "customer.deletion_undone", "task.reopen", "approval.recall", "process.retry"} <= written()


def test_an_action_without_words_is_told(tmp_path: Path) -> None:
    """The walk sees an action in a call, in a table and in a choice."""
    source = tmp_path / "rules.py"
    source.write_text('record_audit(action="a.one" if x else "a.two")\nTABLE = {1: "a.three"}\n')
    assert set(actions_in(source)) == {"a.one", "a.two", "a.three"}


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_every_action_has_words(locale: str) -> None:
    use_locale(locale)
    words = action_words.known()
    assert sorted(written() - words.keys()) == [], "add them to frontend/admin/action_words.py"
    texts = list(words.values())
    assert len(texts) == len(set(texts)), "two actions are called alike"
    if locale == "ja":
        assert all(re.search(r"[ぁ-んァ-ヶ一-龠]", text) for text in texts)
    use_locale("ja")


def test_no_words_are_left_over() -> None:
    assert sorted(action_words.known().keys() - written()) == []
