"""Rules, dashboards and their documentation hold together, as far as that is known without a running stack."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.observability.__main__ import generated
from tests.support.telemetry import (
    DASHBOARDS,
    ROOT,
    RULES,
    WITH_THE_FIRST_FAILURE,
    alerts,
    expressions,
    in_temporals_sdk,
    metrics_used,
    panels,
    rules,
    run_tool,
)

PROMETHEUS = ROOT / "deploy/prometheus"
HEADING = re.compile(r"^## (Ringi\w+)$", re.MULTILINE)
SEVERITIES = {"critical", "warning"}


def headings() -> list[str]:
    return HEADING.findall((ROOT / "docs/runbooks.md").read_text())


def scraped() -> dict[tuple[str, int], str]:
    """Jobs by container and port."""
    jobs = {}
    for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]:
        for found in job.get("dns_sd_configs", []):
            jobs |= {(name, found["port"]): job["job_name"] for name in found["names"]}
    return jobs


def test_generated_files_are_what_the_code_says() -> None:
    stale = [path.name for path, text in generated().items() if path.read_text() != text]
    assert stale == [], "run python -m deploy.observability"


def test_prometheus_and_alertmanager_take_their_files() -> None:
    run_tool("promtool", "check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml")
    run_tool("promtool", "check", "rules", *RULES)
    run_tool("amtool", "check-config", PROMETHEUS / "alertmanager.yml")


def test_rules_do_what_their_tests_say() -> None:
    run_tool("promtool", "test", "rules", *sorted((PROMETHEUS / "tests").glob("*.yml")))


def test_every_alert_fires_in_a_unit_test() -> None:
    tests = "".join(path.read_text() for path in (PROMETHEUS / "tests").glob("*.yml"))
    assert [alert["alert"] for alert in alerts() if f'alertname="{alert["alert"]}"' not in tests] == []


def test_every_alert_says_how_bad_it_is_and_where_its_runbook_stands() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in SEVERITIES, alert["alert"]
        assert alert["annotations"]["summary"], alert["alert"]
        assert alert["annotations"]["runbook_url"] == f"docs/runbooks.md#{alert['alert'].lower()}"


def test_runbooks_and_alerts_are_the_same() -> None:
    assert sorted(headings()) == sorted({alert["alert"] for alert in alerts()})
    for section in (ROOT / "docs/runbooks.md").read_text().split("\n## ")[1:]:
        assert all(part in section for part in ("**See**", "**Means**", "**Do**")), section.splitlines()[0]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_one_that_grafana_reads(path: Path) -> None:
    document = json.loads(path.read_text())
    assert document["uid"] == path.stem
    assert {"title", "schemaVersion", "time", "panels", "templating"} <= document.keys()
    places: set[tuple[int, int]] = set()
    for panel in document["panels"]:
        assert panel["type"] in {"timeseries", "stat"}
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        cells = {(x, place["y"]) for x in range(place["x"], place["x"] + place["w"])}
        assert not places & cells, f"{panel['title']} covers another"
        places |= cells
    assert len({panel["id"] for panel in document["panels"]}) == len(document["panels"])


def test_panels_ask_the_provisioned_source_and_name_runbooks_that_exist() -> None:
    [source, _] = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    known = {f"docs/runbooks.md#{heading.lower()}" for heading in headings()}
    for panel in panels():
        assert panel["datasource"]["uid"] == source["uid"]
        named = set(re.findall(r"docs/runbooks\.md#\w+", panel["description"]))
        assert named <= known, panel["title"]


def test_every_expression_parses(tmp_path: Path) -> None:
    records = [{"record": f"test:{number}", "expr": text} for number, text in enumerate(expressions())]
    file = tmp_path / "expressions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "expressions", "rules": records}]}))
    run_tool("promtool", "check", "rules", file)


def test_recorded_series_that_are_used_are_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    used = {name for text in expressions() for name in re.findall(r"ringi:\w+:\w+", text)}
    assert used <= recorded


def test_every_metric_of_ours_that_is_used_is_documented() -> None:
    page = (ROOT / "docs/metrics.md").read_text()
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name in metrics_used() if name.startswith("ringi_")}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_metrics_that_only_a_failure_makes_are_known_to_temporals_sdk() -> None:
    assert [name for name in WITH_THE_FIRST_FAILURE if not in_temporals_sdk(name)] == []


def test_every_own_container_is_scraped_on_the_port_where_it_has_its_figures() -> None:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    expected = set()
    for name, service in compose["services"].items():
        if not service["image"].startswith("ringi-crm") or service["restart"] == "no":
            continue
        environment = service["environment"]
        own = [environment.get(port) for port in ("RINGI_METRICS_PORT", "RINGI_WORKER_METRICS_PORT")]
        expected.add((name, int(next((port for port in own if port), 8000))))
        if "RINGI_TEMPORAL_METRICS_PORT" in environment:
            expected.add((name, int(environment["RINGI_TEMPORAL_METRICS_PORT"])))
    assert set(scraped()) == expected


def test_the_small_set_starts_without_the_observability_profile() -> None:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    watching = {name for name, service in compose["services"].items() if service.get("profiles") == ["observability"]}
    assert watching == {"prometheus", "alertmanager", "grafana", "otel-collector", "jaeger"}
    for name, service in compose["services"].items():
        assert name in watching or not watching & set(service.get("depends_on", {})), name


def test_yaml_files_pass_yamllint() -> None:
    tool = Path(sys.executable).parent / "yamllint"
    subprocess.run(
        [tool, "--strict", *(ROOT / f"deploy/{room}" for room in ("prometheus", "grafana", "tracing"))],
        check=True,
        cwd=ROOT,
    )
