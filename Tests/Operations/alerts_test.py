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
LABEL = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
# What Prometheus itself adds.
TARGET_LABELS = {"instance", "job"}
# What is as free as the caller, the release and a histogram's bounds.
FREE_LABELS = {"command", "version", "le"}


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


def asked_for(expression):
    """(metric, label, value) of each value that its selectors name: of a pattern each alternative, of a variable none."""
    for name, labels in SELECTOR.findall(expression):
        for label, _, values in LABEL.findall(labels):
            for value in values.split("|"):
                if not value.startswith("$"):
                    yield name, label, value


class Values:
    """What the sources say that labels can be."""

    def __init__(self, sources):
        """By path, the text of each file."""
        self.texts = list(sources.values())
        codes = next(text for path, text in sources.items() if path.name == "ErrorCode.swift")
        self.codes = {"0", *re.findall(r"Self\((\d+)\)", codes)}

    def has(self, name, label, value):
        """Whether a file that makes the metric has the value as a literal; an error's code stands where all of them do."""
        if label == "code":
            return value in self.codes
        base = re.sub(r"_(total|bucket|sum|count)$", "", name)
        labels = {f'"{one}"' for one in (name, base, base.removesuffix("_seconds"))}
        return any(f'"{value}"' in text for text in self.texts if any(one in text for one in labels))


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
        sources = {path: path.read_text() for path in sorted((ROOT / "Sources").rglob("*.swift"))}
        cls.values, source = Values(sources), "\n".join(sources.values())
        # As they are exposed: the registry adds these endings by the kind of a metric.
        bases = {name for name in re.findall(r'"(rostrum_[a-z_]+)"', source) if OF_CLUSTERS.fullmatch(name)}
        cls.of_clusters = bases | {f"{base}_total" for base in bases}
        # Some are there once something was counted: a session that ended, for one.
        cls.counters = {f"{base}_total" for base in re.findall(r'Counter\(\s*label: "(rostrum_[a-z_]+)"', source)}

    def is_known(self, name):
        return name in self.samples or name in self.of_clusters | self.counters

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

    @staticmethod
    def expressions():
        """Of the rules, and of the dashboard."""
        board = json.loads(DASHBOARD.read_text())
        expressions = [rule["expr"] for rule in alerts()]
        expressions += [target["expr"] for panel in panels(board) for target in panel.get("targets", [])]
        return expressions + [item["definition"] for item in board["templating"]["list"] if item["type"] == "query"]

    def test_labels_have_values_that_the_server_gives(self):
        series = [one["series"] for test in yaml.safe_load(TESTS.read_text())["tests"] for one in test["input_series"]]
        asked = {one for expression in [*self.expressions(), *series] for one in asked_for(expression)}
        # So that a pattern that finds nothing is no proof.
        self.assertLessEqual({("rostrum_deliveries_total", "result", "lagging"), ("rostrum_requests_total", "code", "70050"),
                              ("rostrum_console_sign_ins_total", "result", "locked-out"),
                              ("rostrum_database_bytes", "file", "log")}, asked)
        jobs = {scraped["job_name"] for scraped in
                yaml.safe_load(RULES.with_name("prometheus.yml").read_text())["scrape_configs"]}
        for name, label, value in sorted(asked):
            if label == "job":
                self.assertIn(value, jobs, name)
            elif label not in TARGET_LABELS | FREE_LABELS:
                self.assertTrue(self.values.has(name, label, value), f'nothing makes {name}{{{label}="{value}"}}')

    def test_a_value_that_no_source_has_is_seen(self):
        for name, label, value in (("rostrum_deliveries_total", "result", "late"), ("rostrum_requests_total", "code", "60999"),
                                   ("rostrum_sweeps_total", "result", "lagging"), ("rostrum_nothing_total", "result", "failed")):
            self.assertFalse(self.values.has(name, label, value), value)

    def test_rules_and_dashboard_ask_for_what_there_is(self):
        for expression in self.expressions():
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
