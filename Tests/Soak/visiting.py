"""An operator who has the console open, and a Prometheus that reads the metrics."""
import http.client
import threading
import time
import urllib.parse
import urllib.request

NAME, PASSWORD = "soak", "correct horse battery staple"
PAUSE, BETWEEN_SCRAPES = 1, 5


class Visitor(threading.Thread):
    def __init__(self, installation, application, plan):
        super().__init__(daemon=True)
        self.installation, self.over = installation, threading.Event()
        self.problems, self.pages, self.scrapes, self.metrics = [], 0, 0, {}
        here, channel = f"/console/apps/{application}", urllib.parse.quote(plan.channels[0].name, safe="")
        self.paths = ["/console/apps", here, f"{here}/accounts", f"{here}/channels", f"{here}/channels/{channel}",
                      f"{here}/channels/{channel}/posts", f"{here}/channels/{channel}/subscribers", f"{here}/webhooks",
                      f"{here}/audit", "/console/monitor"]

    def run(self):
        try:
            self.sign_in()
            scraped = 0
            while not self.over.wait(PAUSE):
                self.ask(self.paths[self.pages % len(self.paths)])
                self.pages += 1
                if time.monotonic() > scraped + BETWEEN_SCRAPES:
                    scraped = time.monotonic()
                    self.scrape()
        except Exception as problem:  # whatever it is, the verdict is to show it
            self.problems.append(f"the console or the metrics: {problem!r}")

    def sign_in(self):
        origin = f"http://{self.installation.host}:{self.installation.port}"
        self.connection = http.client.HTTPConnection(self.installation.host, self.installation.port, timeout=60)
        self.headers = {"Origin": origin}
        reply = self.ask("/console/sign-in", {"name": NAME, "password": PASSWORD, "next": "/console"})
        self.headers["Cookie"] = reply.headers["Set-Cookie"].split(";")[0]

    def ask(self, path, form=None):
        headers = self.headers | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
        self.connection.request("POST" if form else "GET", path, urllib.parse.urlencode(form) if form else None, headers)
        reply = self.connection.getresponse()
        reply.read()
        if reply.status != (303 if form else 200):
            self.problems.append(f"{path}: {reply.status}")
        return reply

    def scrape(self):
        address = f"http://{self.installation.host}:{self.installation.admin_port}/metrics"
        with urllib.request.urlopen(address, timeout=30) as reply:
            lines = reply.read().decode().splitlines()
        self.scrapes += 1
        self.metrics = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)
                        if name and not name.startswith("#")}
        for name in ("rostrum_storage_damaged", "rostrum_webhook_dead_letters_total", "rostrum_log_dropped_lines"):
            if self.metrics.get(name):
                self.problems.append(f"{name} is {self.metrics[name]:g}")

    def stop(self):
        self.over.set()
        self.join(90)
        if self.is_alive():
            self.problems.append("the console did not answer any more")
        elif not self.problems:
            self.connection.close()
