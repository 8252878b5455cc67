"""What every benchmark of Rostrum shares: servers pinned to one core, a load on the other, a data directory."""
import http.client
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from loopback.programs import free_ports

APP, KEY, ADMIN = 1400000001, "a" * 64, "administrator"
# The service of each command that is used; a channel's, if it is not named.
SERVICE, SERVICES = "/v4/official_account_open_http_svc/", {"multiaccount_import": "/v4/im_open_login_svc/"}
CREATE = ('{"Owner_Account":"107867","Name":"Harbour News","Introduction":"Tides and ferries",'
          '"FaceUrl":"https://img.example.net/h.png","MaxSubscriberNum":5000,"Organization":"Port of Example",'
          '"CustomString":"{\\"lang\\":\\"en\\"}"}')


def free_port():
    return free_ports(1)[0]


def all_cores():
    """Those that the benchmark may use, as `taskset` wants them."""
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


class Process:
    """A server on a core of its own; ended by its own process id, and by the kernel when the benchmark is killed."""

    def __init__(self, arguments, ready, log, core=0, stdin=subprocess.DEVNULL, user=None, end=signal.SIGTERM):
        self.began, self.end = time.monotonic(), end
        become = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(["setpriv", *become, "--pdeathsig", "KILL", "--", "taskset", "-c", str(core),
                                             *arguments], stdout=subprocess.PIPE, stderr=errors, text=True, stdin=stdin,
                                            cwd="/" if user else None)
        if ready and not any(line.startswith(ready) for line in iter(lambda: self.line(60), "")):
            self.stop()
            with open(log, errors="replace") as errors:
                sys.exit(f"{arguments[0]} did not start:\n{errors.read()[-2000:]}")
        self.start_seconds = time.monotonic() - self.began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def line(self, seconds):
        """Its next line; one that says nothing for so long is ended, and its last line is empty."""
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            return self.process.stdout.readline()
        finally:
            timer.cancel()

    def family(self):
        """Its process id and those of its children."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return [self.process.pid, *map(int, children.read().split())]

    def cpu_seconds(self):
        """What it and its children have used: in user space, and in the kernel."""
        user = system = 0
        for pid in self.family():
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            user, system = user + int(fields[11]), system + int(fields[12])
        return user / os.sysconf("SC_CLK_TCK"), system / os.sysconf("SC_CLK_TCK")

    def resident_mebibytes(self):
        total = 0
        for pid in self.family():
            with open(f"/proc/{pid}/status") as status:
                total += int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])
        return total / 1024

    def peak_mebibytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024

    def stop(self):
        self.process.send_signal(self.end)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Caller:
    """One keep-alive connection that calls commands one after the other."""

    def __init__(self, bench, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.url = lambda command: bench.url(port, command).split(str(port), 1)[1]
        self.urls = {}

    def call(self, command, body):
        url = self.urls.setdefault(command, None) or self.url(command)
        self.urls[command] = url
        began = time.perf_counter()
        self.connection.request("POST", url, json.dumps(body))
        reply = json.loads(self.connection.getresponse().read())
        took = time.perf_counter() - began
        if reply["ErrorCode"]:
            sys.exit(f"{command}: {reply}")
        return took, reply


class Bench:
    # What of it can be asked for alone.
    PARTS = []
    HEADER = "| figure | median | all rounds |\n|---|--:|---|"

    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix="rostrum-bench-", dir=options.directory)
        self.log = os.path.join(self.directory, "log")

    def parts(self):
        """Its parts that are asked for."""
        return [part for part in self.PARTS if not self.options.part or part in self.options.part]

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def allow_open_files(self, count):
        """Lets each process that is started from now on open so many, and some for itself."""
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files < count + 200:
            sys.exit(f"{count} sessions need more than the {files} open files that a process may have here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    def tool(self, *arguments):
        done = subprocess.run([self.options.tool, *map(str, arguments)], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def execute(self, path, statements):
        """Runs SQL in a data directory, which nothing but Rostrum may write to."""
        subprocess.run([self.options.tool, "statements", "--data-dir", path], input=json.dumps(list(statements)), text=True,
                       check=True)

    def seed(self, name, channels):
        path = os.path.join(self.directory, name)
        sample = self.tool("seed", "--data-dir", path, "--channels", channels)
        return path, sample

    def bare(self):
        port = free_port()
        process = Process([self.options.tool, "bare-route", "--port", str(port)], None, self.log)
        self.wait_for(port)
        return process, port

    def wait_for(self, port):
        for _ in range(200):
            try:
                return socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.05)
        sys.exit(f"nothing listens on port {port}: see {self.log}")

    def rostrum(self, path, *more):
        port, admin = free_ports(2)
        process = Process([self.options.rostrum, "serve", "--data-dir", path, "--port", str(port), "--admin-port",
                           str(admin), "--webhook-allow", "127.0.0.0/8", *more], "rostrum is ready on", self.log)
        return process, port, admin

    def groups(self, before, after):
        """Operations a commit carried between two readings of the metrics."""
        name = "rostrum_commit_batch_size"
        operations = self.count(after, name + "_sum") - self.count(before, name + "_sum")
        return operations / max(self.count(after, name + "_count") - self.count(before, name + "_count"), 1)

    def url(self, port, command):
        token = subprocess.run([self.options.rostrum, "usersig", "--app", str(APP), "--user", ADMIN, "--key", KEY],
                               capture_output=True, text=True, check=True).stdout.strip()
        path = SERVICES.get(command, SERVICE) + command
        return (f"http://127.0.0.1:{port}{path}?sdkappid={APP}&identifier={ADMIN}&usersig={token}&random=7"
                "&contenttype=json")

    def load(self, port, command, body, seconds=None):
        """Requests a second and the 99th percentile in ms, by wrk on core 1."""
        script = os.path.join(self.directory, "post.lua")
        with open(script, "w") as file:
            file.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                       f"wrk.body = [==[{body}]==]\n")
        done = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", "-c64", f"-d{seconds or self.options.seconds}s",
                               "--latency", "-s", script, self.url(port, command)],
                              capture_output=True, text=True, check=True)
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
        number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
        p99 = float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
        if "Socket errors" in done.stdout or "Non-2xx" in done.stdout:
            sys.exit("the load had errors:\n" + done.stdout)
        return rate, p99

    def metrics(self, admin):
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics") as reply:
            return reply.read().decode()

    def count(self, text, pattern):
        return sum(float(value) for value in re.findall(pattern + r"\S*\s+([\d.e+]+)", text))

    def codes(self, text):
        """How often each ErrorCode but 0 was answered."""
        return {code: value for code, value in re.findall(r'rostrum_requests_total\{code="(\d+)"[^}]*\} ([\d.e+]+)', text)
                if code != "0"}

    def table(self, rounds):
        """A row for each figure of the rounds: the median, then all."""
        for name in rounds[0]:
            values = [entry[name] for entry in rounds]
            form = "{:.2f}" if max(values) < 1000 else "{:.0f}"
            print(f"| {name} | {form.format(statistics.median(values))} | {', '.join(map(form.format, values))} |",
                  flush=True)
