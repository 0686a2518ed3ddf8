"""Known vulnerabilities of the locked packages, and secrets in what git keeps. Run by `make audit`.

usage: .venv/bin/python .ci/audit.py [vulnerabilities | secrets]

Exit code 1 for a finding. Where the package index gives no advisories (a mirror may not), that is said and no failure:
what could not be asked is not known to be sound.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LOCK = "requirements-dev.lock"  # what development needs contains what running needs
# Digests and recorded workflow inputs look like secrets and are none; words such as "password" beside a string in the
# code are looked for by ruff (S105 to S107), which knows the language.
NOT_LOOKED_INTO = ("requirements", "package-lock.json", "tests/replay/histories/")


def main() -> None:
    checks = {"vulnerabilities": vulnerabilities, "secrets": secrets}
    asked = sys.argv[1:] or list(checks)
    if sum(checks[name]() for name in asked):
        sys.exit(1)


def vulnerabilities() -> int:
    """How many known ones the locked versions have."""
    command = [str(BIN / "pip-audit"), "--requirement", LOCK, "--no-deps", "--disable-pip", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        say(f"! Not audited: {done.stderr.strip().splitlines()[-1:]}")
        return 0
    found = 0
    for package in packages:
        for fault in package.get("vulns", ()):
            found += 1
            mended = ", ".join(fault["fix_versions"]) or "no version"
            say(f"✗ {package['name']} {package['version']}: {fault['id']}, mended in {mended}")
    known = sum("skip_reason" not in package for package in packages)
    say(f"{known} of {len(packages)} locked packages were audited, {found} vulnerabilities are known.")
    if not known:
        say("! The package index gives no advisories here. Run `make audit` where it does.")
    return found


def secrets() -> int:
    """1 where something in the tree looks like a secret and no comment says why it is none."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    files = [name for name in listed.stdout.splitlines() if not name.startswith(NOT_LOOKED_INTO)]
    command = [str(BIN / "detect-secrets-hook"), "--disable-plugin", "KeywordDetector"]
    done = subprocess.run([*command, *files], cwd=ROOT, check=False)  # noqa: S603
    say(f"{len(files)} files were searched for secrets.")
    return int(done.returncode != 0)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command speaks


if __name__ == "__main__":
    main()
