"""The alert rules, the dashboard, what a server exposes, and what the documentation says of them belong together.

Run by `make alerts-test`; needs a build, promtool, openssl and PyYAML.
"""

import json
import re
import subprocess
import tempfile
import unittest

import yaml

from server import ROOT, Server

RULES = ROOT / "deploy/prometheus/alerts.yml"
TESTS = ROOT / "deploy/prometheus/alerts_test.yml"
DASHBOARD = ROOT / "deploy/grafana/rostrum.json"
# What only a node of a cluster exposes; its name is looked for in the source.
OF_CLUSTERS = re.compile(r"rostrum_(bus|lease)_\w+")
NAME = re.compile(r"\b(?:rostrum|process)_[a-z0-9_]+\b")
SELECTOR = re.compile(r"\b((?:rostrum|process)_[a-z0-9_]+)\{([^}]*)\}")
# What Prometheus itself adds.
TARGET_LABELS = {"instance", "job"}


def promtool(*words, **options):
    return subprocess.run(["promtool", *words], capture_output=True, text=True, **options)


def alerts():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def family(name, kinds):
    """The metric that a sample belongs to."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and kinds.get(name.removesuffix(suffix)) == "histogram":
            return name.removesuffix(suffix)
    return name


class AlertsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        place = cls.directory.name
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
             "-subj", "/CN=localhost", "-keyout", f"{place}/key.pem", "-out", f"{place}/cert.pem"],
            check=True, capture_output=True)
        server = Server(f"{place}/data", "--tls-certificate", f"{place}/cert.pem", "--tls-key", f"{place}/key.pem",
                        "--console", "on")
        cls.addClassCleanup(server.end)
        cls.text = server.metrics()
        cls.kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", cls.text, re.M))
        cls.samples = {}
        for name, labels in re.findall(r"^([a-z]\w*)(?:\{(.*)\})? ", cls.text, re.M):
            cls.samples.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
        source = "\n".join(path.read_text() for path in sorted((ROOT / "Sources").rglob("*.swift")))
        # As they are exposed: the registry adds these endings by the kind of a metric.
        bases = {name for name in re.findall(r'"(rostrum_[a-z_]+)"', source) if OF_CLUSTERS.fullmatch(name)}
        cls.of_clusters = bases | {f"{base}_total" for base in bases}

    def is_known(self, name):
        return name in self.samples or name in self.of_clusters

    def test_rules_are_valid(self):
        for words in (("check", "rules", RULES), ("check", "config", RULES.with_name("prometheus.yml"))):
            checked = promtool(*words)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_rules_do_what_their_tests_say(self):
        tested = promtool("test", "rules", TESTS)
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)

    def test_each_alert_is_seen_silent_and_firing(self):
        silent, firing = set(), set()
        for test in yaml.safe_load(TESTS.read_text())["tests"]:
            for look in test["promql_expr_test"]:
                if name := re.search(r'alertname="(\w+)", alertstate="firing"', look["expr"]):
                    (firing if look["exp_samples"] else silent).add(name[1])
        names = {rule["alert"] for rule in alerts()}
        self.assertEqual(firing, names)
        self.assertEqual(silent, names)

    def test_a_sound_installation_has_all_that_rules_look_at(self):
        [sound] = [test for test in yaml.safe_load(TESTS.read_text())["tests"] if test["name"] == "a sound installation"]
        there = {re.match(r"\w+", series["series"])[0] for series in sound["input_series"]}
        looked_at = {name for rule in alerts() for name in NAME.findall(rule["expr"])}
        self.assertEqual(looked_at - there, set())

    def test_metrics_are_as_prometheus_wants_them(self):
        checked = promtool("check", "metrics", input=self.text)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""), checked.stdout)

    def test_rules_and_dashboard_ask_for_what_there_is(self):
        board = json.loads(DASHBOARD.read_text())
        expressions = [rule["expr"] for rule in alerts()]
        expressions += [target["expr"] for panel in panels(board) for target in panel.get("targets", [])]
        expressions += [item["definition"] for item in board["templating"]["list"] if item["type"] == "query"]
        for expression in expressions:
            for name in NAME.findall(expression):
                self.assertTrue(self.is_known(name), f"{name} in {expression}")
            for name, labels in SELECTOR.findall(expression):
                if name in self.samples:
                    unknown = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels)) - self.samples[name] - TARGET_LABELS
                    # Labels of counters are there once something was counted.
                    if self.samples[name]:
                        self.assertEqual(unknown, set(), expression)

    def test_the_dashboard_shows_everything_with_unit_and_words(self):
        board = json.loads(DASHBOARD.read_text())
        shown, ids = set(), []
        for panel in panels(board):
            ids.append(panel["id"])
            if panel["type"] == "row":
                continue
            self.assertTrue(panel["description"].endswith("."), panel["title"])
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
            self.assertEqual(panel["datasource"]["uid"], "${datasource}", panel["title"])
            for target in panel["targets"]:
                shown |= {family(name, self.kinds) for name in NAME.findall(target["expr"])}
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual({item["name"] for item in board["templating"]["list"]}, {"datasource", "node", "command"})
        missing = {name for name in self.kinds if name.startswith("rostrum_")} - shown
        self.assertEqual(missing, set())

    def test_each_alert_says_what_to_do(self):
        runbook = (ROOT / "docs/runbook.md").read_text()
        headings = re.findall(r"^### (\w+)$", runbook, re.M)
        self.assertEqual(headings, [rule["alert"] for rule in alerts()], "the same, in the same order")
        for rule in alerts():
            self.assertIn(rule["labels"]["severity"], {"critical", "warning"})
            self.assertTrue(rule["annotations"]["summary"] and rule["annotations"]["description"])
            self.assertEqual(rule["annotations"]["runbook"], f"docs/runbook.md#{rule['alert'].lower()}")

    def test_the_documentation_lists_what_is_exposed(self):
        section = (ROOT / "docs/operating.md").read_text().split("\n## Logs and metrics\n")[1].split("\n## ")[0]
        listed = set(re.findall(r"`(rostrum_\w+)`", "\n".join(re.findall(r"^\| (.*?) \|", section, re.M))))
        exposed = {name for name in self.kinds if name.startswith("rostrum_")}
        self.assertEqual(exposed - listed, set(), "exposed and not listed")
        # Some are there only once something was counted, and some in clusters only.
        source = "\n".join(path.read_text() for path in sorted((ROOT / "Sources").rglob("*.swift")))
        for name in listed - exposed:
            base = re.sub(r"_(total|seconds)$", "", name)
            self.assertTrue(f'"{name}"' in source or f'"{base}"' in source, f"{name} is listed and not exposed")


if __name__ == "__main__":
    unittest.main()
