"""Alerts and dashboard: valid for promtool, and of metrics that a server shows."""
import json
import pathlib
import re
import subprocess

import pytest
import yaml
from packaging_tools import needs

SERIES = re.compile(r"^([a-z_]+)(?:\{(.*)\})? \S+$")
USED = re.compile(r"\b((?:cartwright|process)_[a-z_]+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
ALERTS_TEST = pathlib.Path(__file__).parent / "alerts_test.yaml"
# Given by Prometheus itself.
TARGET_LABELS = {"job", "instance"}


@pytest.fixture(scope="module")
def shown(start_server):
    """The text of /metrics after requests of all kinds, and {metric: names of its labels}."""
    server = start_server("--no-seed-shop")
    for path in ("/api/v1/customers", "/api/v1/customers?limit=no", "/nothing", "/healthz"):
        server.get(path, None)
    server.post("/api/v1/generate/customers", {"count": 3}, 201)
    customer = server.get("/api/v1/customers?limit=1").json()["data"][0]["id"]
    server.get(f"/api/v1/relationships/validate?entity_type=customer&entity_id={customer}")
    text = server.get("/metrics").text
    metrics = {}
    for line in text.splitlines():
        family = re.match(r"# TYPE ([a-z_]+) ", line)
        if family:
            metrics.setdefault(family[1], set())
        elif not line.startswith("#"):
            name, labels = SERIES.match(line).groups()
            metrics.setdefault(name, set()).update(LABEL.findall(labels or ""))
    # Nothing is broken here, so that this one has no series.
    metrics["cartwright_rule_violations_total"].add("rule")
    return text, metrics


@pytest.fixture(scope="module")
def rules(packaging):
    return yaml.safe_load((packaging / "prometheus/alerts.yaml").read_text())["groups"][0]["rules"]


@pytest.fixture(scope="module")
def dashboard(packaging):
    return json.loads((packaging / "grafana/cartwright.json").read_text())


def expressions(dashboard):
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    found += [variable["query"]["query"] for variable in dashboard["templating"]["list"]
              if variable["type"] == "query"]
    return found + [annotation["expr"] for annotation in dashboard["annotations"]["list"]]


def check_used(expression, metrics):
    used = USED.findall(expression)
    for name, matchers in used:
        assert name in metrics, (name, expression)
        labels = set(LABEL.findall(matchers))
        assert labels <= metrics[name] | TARGET_LABELS, (name, labels, metrics[name])
    return {name for name, _ in used}


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@needs("promtool")
def test_metrics_are_as_prometheus_wants_them(shown):
    code, output = promtool("check", "metrics", text=shown[0])
    assert (code, output) == (0, "")


def test_alerts_ask_for_metrics_that_there_are(rules, shown):
    for rule in rules:
        assert check_used(rule["expr"], shown[1]) or rule["expr"].startswith("up{"), rule["alert"]


def test_dashboard_asks_for_metrics_that_there_are(dashboard, shown):
    used = set()
    for expression in expressions(dashboard):
        used |= check_used(expression, shown[1]) or {None}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in used if name} >= {
        name for name in shown[1] if name.startswith("cartwright_") and not re.search("_(bucket|sum|count)$", name)}


@needs("promtool")
def test_rules_and_configuration_are_valid(packaging):
    for kind, name in (("rules", "alerts.yaml"), ("config", "prometheus.yaml")):
        code, output = promtool("check", kind, packaging / "prometheus" / name)
        assert code == 0, output


@needs("promtool")
def test_alerts_fire_when_they_should(rules):
    code, output = promtool("test", "rules", ALERTS_TEST)
    assert code == 0, output
    tested = {case["alertname"] for group in yaml.safe_load(ALERTS_TEST.read_text())["tests"]
              for case in group["alert_rule_test"] if case["exp_alerts"]}
    assert tested == {rule["alert"] for rule in rules}


def test_every_alert_says_what_to_do(rules, source_root):
    page = (source_root / "docs/operations.md").read_text()
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}
        document, anchor = rule["annotations"]["runbook"].split("#")
        assert document == "docs/operations.md" and anchor == rule["alert"].lower()
        assert f"### {rule['alert']}\n" in page


@needs("promtool")
def test_expressions_of_the_dashboard_are_valid(dashboard, tmp_path):
    texts = [expression for expression in expressions(dashboard) if not expression.startswith("label_values")]
    rules = [{"record": f"cartwright:panel:{number}", "expr": re.sub(r"\$__rate_interval", "5m", text)}
             for number, text in enumerate(texts)]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    code, output = promtool("check", "rules", path)
    assert code == 0, output


def test_dashboard_fits_together(dashboard):
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    assert {variable["name"] for variable in dashboard["templating"]["list"]} == {"datasource", "job", "instance"}
    assert "${datasource}" in json.dumps(panels[0]) and dashboard["uid"]
