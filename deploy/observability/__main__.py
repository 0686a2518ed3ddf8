"""Writes what is generated of rules, dashboards and docs/metrics.md; `--check` only compares (exit code 1)."""

import sys
from pathlib import Path

from deploy.observability.dashboards import as_json
from deploy.observability.metrics import ROOT, as_markdown
from deploy.observability.objectives import as_yaml
from deploy.observability.pages import DASHBOARDS

DEPLOY = ROOT / "deploy"


def generated() -> dict[Path, str]:
    files = {DEPLOY / "prometheus/rules/objectives.yml": as_yaml(), ROOT / "docs/metrics.md": as_markdown()}
    return files | {DEPLOY / f"grafana/dashboards/{page.uid}.json": as_json(page) for page in DASHBOARDS}


def main() -> int:
    stale = {path: text for path, text in generated().items() if not path.is_file() or path.read_text() != text}
    if "--check" in sys.argv[1:]:
        print("\n".join(f"{path} is not what `python -m deploy.observability` writes" for path in stale))  # noqa: T201
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
