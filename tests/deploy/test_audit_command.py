"""`ringi audit verify`: what an auditor does at home with a dossier."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.opportunity.dossier import in_groups
from tests.support import fake_dossiers
from tests.support.fake_gateway import FakeGateway

ROOT = Path(__file__).resolve().parents[2]


def ringi_audit_verify(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """In a process that knows of no system: without settings, and with a state folder in which nothing was started."""
    alone = {name: value for name, value in os.environ.items() if not name.startswith("RINGI_")}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "audit", "verify", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=alone | {"RINGI_HOME": "/nonexistent"},
    )


@pytest.fixture
def document() -> dict[str, Any]:
    gateway = FakeGateway()
    item = next(item for item in gateway.approvals.values() if item["state"] == "APPROVED")
    user = next(iter(gateway.users.values()))
    customer = gateway.customers[item["customerId"]]
    return fake_dossiers.dossier_of(item, gateway.history[item["id"]], [], customer, gateway.users, user)


@pytest.fixture
def file(tmp_path: Path, document: dict[str, Any]) -> Path:
    path = tmp_path / "dossier.json"
    path.write_bytes(orjson.dumps(document))
    return path


def test_a_dossier_verifies_and_it_is_said_that_its_key_is_only_its_own(file: Path, document: dict[str, Any]) -> None:
    done = ringi_audit_verify(file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert document["record"]["request"]["number"] in done.stdout
    assert in_groups(document["recordSha256"]) in done.stdout
    assert "the key is only the one that came along" in done.stdout


def test_a_key_that_one_trusts_is_given_by_fingerprint_or_by_the_published_list(
    tmp_path: Path, file: Path, document: dict[str, Any]
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_bytes(orjson.dumps(fake_dossiers.keys()))
    for trusted in (("--key", in_groups(document["signature"]["fingerprint"])), ("--keys", str(keys))):
        done = ringi_audit_verify(file, *trusted)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the key is one that you trust" in done.stdout
    done = ringi_audit_verify(file, "--key", "ab" * 32)
    assert done.returncode == 1
    assert "/signature/publicKey: is not one of the keys that you trust" in done.stdout


def test_what_was_changed_is_named_by_entry_and_field(file: Path, document: dict[str, Any]) -> None:
    document["record"]["history"][1]["personal"]["comment"] = "却下すべき"
    file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    done = ringi_audit_verify(file)
    assert done.returncode == 1
    assert "entry 2, personal/comment: was changed after signing" in done.stdout
    assert "NOT verified" in done.stdout
    [told] = orjson.loads(ringi_audit_verify(file, "--json").stdout)["dossiers"]
    assert (told["verified"], told["keyPinned"]) == (False, False)
    assert {"entry": 2, "field": "personal"}.items() <= told["problems"][1].items()


def test_reformatting_changes_nothing(file: Path, document: dict[str, Any]) -> None:
    file.write_bytes(orjson.dumps(dict(reversed(document.items())), option=orjson.OPT_INDENT_2))
    done = ringi_audit_verify(file, "--json")
    assert done.returncode == 0
    assert [one["problems"] for one in orjson.loads(done.stdout)["dossiers"]] == [[]]


@pytest.mark.parametrize(
    "arguments", [["missing.json"], ["no.json"], ["dossier.json", "--key", "12"], ["dossier.json", "--keys", "no.json"]]
)
def test_what_can_not_be_read_is_another_exit_code(tmp_path: Path, file: Path, arguments: list[str]) -> None:
    (tmp_path / "no.json").write_text("{}")
    assert file.exists()
    paths = [str(tmp_path / argument) if argument.endswith(".json") else argument for argument in arguments]
    done = ringi_audit_verify(*paths)
    assert done.returncode == 2
    assert "To do:" in done.stderr or "could NOT be checked" in done.stdout


def test_several_are_checked_each_for_itself_and_the_worst_counts(tmp_path: Path, file: Path) -> None:
    changed = tmp_path / "changed.json"
    changed.write_bytes(file.read_bytes().replace(b"APPROVED", b"REJECTED", 1))
    other = tmp_path / "other.json"
    other.write_text("{}")
    for files, code in (([file, file], 0), ([file, changed], 1), ([file, changed, other], 2)):
        done = ringi_audit_verify(*files, "--json")
        assert done.returncode == code
        told = orjson.loads(done.stdout)
        assert told["verified"] is (code == 0)
        assert [one["verified"] for one in told["dossiers"]] == [one is file for one in files]
