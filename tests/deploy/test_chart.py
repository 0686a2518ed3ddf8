"""The chart renders to what Kubernetes accepts, with every combination of its switches, and runs what compose runs."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema_rs
import kubernetes_validate
import orjson
import pytest
import yaml
from helm_python import Chart, lint
from helm_python.errors import HelmRenderError, HelmValuesError

from deploy.databases.names import LOGINS
from deploy.keys.purposes import PURPOSES
from deploy.settings.catalogue import sections
from tests.support.compose import IMAGE, read_compose

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "ringi"
EXAMPLES = sorted((ROOT / "deploy" / "helm" / "examples").glob("values-*.yaml"))
SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / "v1.34.0-local-strict"
INFORMATION = 1
"""Of lint's severities: that a chart could have an icon."""
OF_OPERATORS = frozenset({"ScaledObject", "HTTPRoute", "PodMonitor", "PrometheusRule"})
"""Kinds that other projects define; Kubernetes' own schemas do not have them."""
NEEDED = {
    "temporal": {"address": "temporal:7233"},
    "kafka": {"bootstrap": "kafka:9092"},
    "secrets": {"existingSecret": "ringi"},
}
SWITCHES: dict[str, list[dict[str, Any]]] = {
    "autoscaling": [{"mode": "OFF"}, {"mode": "CPU"}, {"mode": "BACKLOG", "authentication": "temporal"}],
    "networkPolicy": [{"enabled": False}, {"enabled": True}],
    "ingress": [{"enabled": False}, {"enabled": True, "tlsSecret": "tls", "className": "nginx"}],
    "gatewayApi": [{"enabled": False}, {"enabled": True, "parentRefs": [{"name": "public"}]}],
    "monitoring": [{"podMonitor": {"enabled": False}}, {"podMonitor": {"enabled": True, "labels": {"release": "p"}}}],
    "attachments": [{"volume": {"enabled": False}}, {"volume": {"enabled": True, "existingClaim": "files"}}],
    "auditHeads": [{"volume": {"enabled": False}}, {"volume": {"enabled": True, "storageClass": "fast"}}],
    "disruptionBudget": [{"enabled": False}, {"enabled": True}],
    "topologySpread": [{"enabled": False}, {"enabled": True}],
    "migration": [{"enabled": False}, {"enabled": True}],
    "image": [{"tag": "1.2.3"}, {"digest": f"sha256:{'0' * 64}"}],
    "tolerations": [[], [{"key": "crm", "operator": "Exists"}]],  # type: ignore[list-item]
}
SECRETS_OF_COMPOSE = ("POSTGRES_PASSWORD", *LOGINS.values(), *(purpose.variable for purpose in PURPOSES))
ONCE = ("migrate", "roles")
"""What compose runs before the others."""
BY_SETTINGS = frozenset({"RINGI_TEMPORAL_UI_URL", "RINGI_TRACE_SAMPLE_RATIO"})
"""Set by values where somebody wants them."""
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def chart() -> Iterator[Chart]:
    with Chart.load(CHART) as loaded:
        yield loaded


def rendered(chart: Chart, values: dict[str, Any]) -> list[Manifest]:
    chart.validate_schema(chart.merge_values(values))
    files = chart.render(values, name="ringi", namespace="crm")
    texts = [text for path, text in files.items() if path.endswith(".yaml")]
    return [document for text in texts for document in yaml.load_all(text, yaml.CSafeLoader) if document]


@cache
def registry() -> jsonschema_rs.Registry:
    """kubernetes-validate brings the schemas; its own validator reads them anew for each manifest."""
    definitions = orjson.loads((SCHEMAS / "_definitions.json").read_bytes())
    return jsonschema_rs.Registry([("json-schema:///api/_definitions.json", definitions)])


@cache
def schema_of(kind: str, api_version: str) -> jsonschema_rs.Validator:
    group, _, version = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.split(".")[0], version) if part)
    return jsonschema_rs.validator_for(orjson.loads((SCHEMAS / f"{name}.json").read_bytes()), registry=registry())


def hold_against_schemas(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] not in OF_OPERATORS:
            schema_of(manifest["kind"], manifest["apiVersion"]).validate(manifest)


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """By the component's name: deployments, the migration and the test."""
    specs = {}
    for manifest in manifests:
        pod = manifest if manifest["kind"] == "Pod" else manifest.get("spec", {}).get("template")
        if pod is not None and "containers" in pod.get("spec", {}):
            specs[pod["metadata"]["labels"]["app.kubernetes.io/component"]] = pod
    return specs


def services_of_compose() -> dict[str, Any]:
    services = read_compose(dict.fromkeys(SECRETS_OF_COMPOSE, "a secret"))["services"]
    return {name: service for name, service in services.items() if service["image"].startswith(IMAGE)}


def command(pod: Manifest) -> list[str]:
    (container,) = pod["spec"]["containers"]
    said: list[str] = container["command"]
    return said


def variables(pod: Manifest) -> dict[str, Manifest]:
    (container,) = pod["spec"]["containers"]
    return {one["name"]: one for one in container["env"]}


def test_lint_finds_nothing() -> None:
    result = lint(CHART, values=NEEDED)
    assert result["errors"] == []
    assert [message for message in result["messages"] if message["severity"] > INFORMATION] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(chart: Chart, example: Path) -> None:
    manifests = rendered(chart, yaml.safe_load(example.read_text()))
    assert len(pods(manifests)) == 19
    hold_against_schemas(manifests)


def pairwise(switches: dict[str, list[Any]]) -> Iterator[dict[str, int]]:
    """Few combinations in which every two positions of every two switches meet, as positions of each switch."""
    open_pairs = {
        ((one, i), (other, j))
        for one, other in combinations(switches, 2)
        for i in range(len(switches[one]))
        for j in range(len(switches[other]))
    }
    while open_pairs:
        # One open pair for certain, then for each other switch the position that closes most.
        chosen = dict(min(open_pairs))
        for switch in switches:
            if switch not in chosen:
                chosen[switch] = max(
                    range(len(switches[switch])),
                    key=lambda position, at=switch: len(open_pairs & pairs_of(chosen | {at: position}, switches)),
                )
        open_pairs -= pairs_of(chosen, switches)
        yield chosen


def pairs_of(chosen: dict[str, int], switches: dict[str, list[Any]]) -> set[Any]:
    return set(combinations([(switch, chosen[switch]) for switch in switches if switch in chosen], 2))


def test_switches_combined_pairwise_are_valid(chart: Chart) -> None:
    for positions in pairwise(SWITCHES):
        values = {switch: SWITCHES[switch][position] for switch, position in positions.items()}
        manifests = rendered(chart, NEEDED | values)
        names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
        assert len(names) == len(set(names))
        hold_against_schemas(manifests)


@pytest.mark.parametrize(
    "values",
    [{"autoscaling": {"mode": "SOMETIMES"}}, {"replicas": 3}, {"processes": {"worker": {"replicas": 1}}}],
    ids=str,
)
def test_values_that_mean_nothing_are_refused(chart: Chart, values: dict[str, Any]) -> None:
    with pytest.raises(HelmValuesError):
        rendered(chart, NEEDED | values)


@pytest.mark.parametrize("needed", NEEDED)
def test_what_it_cannot_do_without_is_asked_for(chart: Chart, needed: str) -> None:
    with pytest.raises(HelmRenderError, match=needed):
        rendered(chart, {name: value for name, value in NEEDED.items() if name != needed})


def test_schemas_are_strict(chart: Chart) -> None:
    manifest = next(manifest for manifest in rendered(chart, NEEDED) if manifest["kind"] == "Deployment")
    manifest["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(jsonschema_rs.ValidationError, match="livenesProbe"):
        hold_against_schemas([manifest])


def test_it_runs_what_compose_runs(chart: Chart) -> None:
    """Each process of compose by the same command, with every variable that compose gives it a value for."""
    volumes = {"attachments": {"volume": {"enabled": True}}}
    found = pods(rendered(chart, NEEDED | volumes))
    composed = {name: s for name, s in services_of_compose().items() if name not in ONCE}
    assert set(found) == {*composed, "migration", "verify"}
    assert command(found["migration"]) == services_of_compose()["migrate"]["command"]
    for name, service in composed.items():
        assert command(found[name]) == service["command"]
        given = {variable for variable, value in service["environment"].items() if value not in (None, "")}
        assert given - BY_SETTINGS <= variables(found[name]).keys(), name


def test_every_variable_is_a_setting_and_every_secret_one_of_those_who_read_it(chart: Chart) -> None:
    settings = {setting.variable: setting for _, found in sections() for setting in found}
    readers = {"migration": "migrate", "verify": "migrate"}
    for process, pod in pods(rendered(chart, NEEDED)).items():
        for name, given in variables(pod).items():
            assert name in settings, (process, name)
            if "valueFrom" in given:
                assert readers.get(process, process) in settings[name].readers, (process, name)
            else:
                assert not settings[name].secret, (process, name)


def test_the_example_of_a_secret_has_what_the_pods_cannot_do_without(chart: Chart) -> None:
    asked = {
        name
        for pod in pods(rendered(chart, NEEDED)).values()
        for name, given in variables(pod).items()
        if "valueFrom" in given and not given["valueFrom"]["secretKeyRef"].get("optional")
    }
    example = yaml.safe_load((ROOT / "deploy" / "helm" / "examples" / "external-secret.yaml").read_text())
    assert {entry["secretKey"] for entry in example["spec"]["data"]} == asked


def test_everything_that_selects_finds_pods(chart: Chart) -> None:
    manifests = rendered(chart, NEEDED | {"networkPolicy": {"enabled": True}, "autoscaling": {"mode": "CPU"}})
    labels = [pod["metadata"]["labels"].items() for pod in pods(manifests).values()]
    selecting = {"Service": "selector", "NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector"}
    for manifest in manifests:
        if manifest["kind"] in selecting:
            selector = manifest["spec"][selecting[manifest["kind"]]]
            wanted = selector.get("matchLabels", selector).items()
            assert any(wanted <= of for of in labels), manifest["metadata"]["name"]
    deployments = {m["metadata"]["name"] for m in manifests if m["kind"] == "Deployment"}
    scaled = {m["spec"]["scaleTargetRef"]["name"] for m in manifests if m["kind"] == "HorizontalPodAutoscaler"}
    assert scaled == deployments
