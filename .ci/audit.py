"""What could harm whoever runs or ships Ringi: known vulnerabilities and licences of the locked packages, secrets in
what git keeps, patterns in the code and in the CI workflows that are known to be unsafe. Run by `make audit`.

usage: .venv/bin/python .ci/audit.py [vulnerabilities | licences | secrets | code | workflows]

Exit code 1 for a finding. Where the package index gives no advisories (a mirror may not), that is said and no failure:
what could not be asked is not known to be sound.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LOCK = "requirements-dev.lock"  # what development needs contains what running needs
SHIPPED = "requirements.lock"
PACKAGES = ("workflows", "activities", "services", "workers", "api", "frontend", "deploy")
# Of what is installed with Ringi. LGPL and MPL packages are used as they are: unchanged, replaceable.
LICENCES = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "LGPL-3.0-only", "MIT", "MIT-0"),
        *("MPL-2.0", "OFL-1.1", "PSF-2.0", "Unlicense", "BlueOak-1.0.0", "BSD-0-Clause"),
        # What packages without an SPDX expression say.
        *("3-Clause BSD License", "Apache Software License", "BSD License", "ISC License (ISCL)", "MIT License"),
        *("Mozilla Public License 2.0 (MPL 2.0)", "Python Software Foundation License", "DFSG approved"),
        "The Unlicense (Unlicense)",
    }
)
# Digests and recorded workflow inputs look like secrets and are none; words such as "password" beside a string in the
# code are looked for by ruff (S105 to S107), which knows the language.
NOT_LOOKED_INTO = ("requirements", "package-lock.json", "tests/replay/histories/")


def main() -> None:
    checks = {
        "vulnerabilities": vulnerabilities,
        "licences": licences,
        "secrets": secrets,
        "code": code,
        "workflows": workflows,
    }
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


def licences() -> int:
    """How many packages that are shipped stand under a licence that nobody has agreed to."""
    locked = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", (ROOT / SHIPPED).read_text(), re.MULTILINE)
    command = [str(BIN / "pip-licenses"), "--format", "json", "--from", "mixed", "--packages", *locked]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603
    named = [(one["Name"], one["License"]) for one in listed]
    npm = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    named += [(path.removeprefix("node_modules/"), one.get("license", "")) for path, one in npm.items() if path]
    for licence, count in sorted(Counter(licence for _, licence in named).items()):
        say(f"{count:5}  {licence}")
    refused = [(name, licence) for name, licence in named if not _agreed(licence)]
    for name, licence in refused:
        say(f"✗ {name}: {licence or 'no licence'}")
    say(f"{len(named)} packages, {len(refused)} under a licence that is not in the list of .ci/audit.py.")
    return len(refused)


def _agreed(licence: str) -> bool:
    """Of `A AND B` and `A; B` each, of `A OR B` one."""
    every = [part[1:-1] if part.startswith("(") else part for part in re.split(r" AND |; ", licence)]
    return all(any(choice in LICENCES for choice in part.split(" OR ")) for part in every)


def code() -> int:
    """1 where bandit is at least fairly sure of at least a medium risk and no comment says why it is none."""
    command = [str(BIN / "bandit"), "-q", "-r", *PACKAGES, "-c", "pyproject.toml", "-ll", "-ii"]
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603
    say("The code was looked through for unsafe patterns.")
    return int(done.returncode != 0)


def workflows() -> int:
    """1 where a CI workflow trusts what it should not: unpinned actions, injected text, wide permissions."""
    command = [str(BIN / "zizmor"), "--offline", "--no-progress", "--persona", "pedantic", ".github"]
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603
    say("The workflows were looked through.")
    return int(done.returncode != 0)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command speaks


if __name__ == "__main__":
    main()
