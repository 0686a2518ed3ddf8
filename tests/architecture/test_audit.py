"""`make audit` finds a secret that somebody committed."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEY = "AKIA" + "IOSFODNN7" + "EXAMPLE"  # put together here, so that the search of this repository does not find it


def search(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / ".ci/audit.py"), "secrets"], capture_output=True, text=True, check=False
    )


def test_a_committed_secret_is_found_and_a_clean_tree_passes(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/audit.py", tmp_path / ".ci/audit.py")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    settings = tmp_path / "settings.py"
    settings.write_text("ADDRESS = 'localhost'\n")
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    clean = search(tmp_path)
    assert clean.returncode == 0, clean.stdout + clean.stderr

    settings.write_text(f"KEY = '{KEY}'\n")
    found = search(tmp_path)
    assert found.returncode == 1
    assert "settings.py:1" in found.stdout
