"""One of the NATS servers, by deploy/nats/nats-server.conf."""
import json
import os
import urllib.request

from .programs import Program, which


class Nats(Program):
    def __init__(self, name, configuration, directory, ports, listen, secrets):
        """ports: this server's for nodes, for other servers, for the monitor; and all servers' for each other."""
        client, route, self.monitor, routes = ports
        environment = os.environ | {
            "NATS_NAME": name,
            "NATS_LISTEN": f"{listen}:{client}",
            "NATS_CLUSTER": f"127.0.0.1:{route}",
            "NATS_MONITOR": f"127.0.0.1:{self.monitor}",
            "NATS_ROUTES": json.dumps([f"nats-route://routes:{secrets['routes']}@127.0.0.1:{port}" for port in routes]),
            "NATS_PASSWORD": secrets["bus"],
            "NATS_ROUTE_PASSWORD": secrets["routes"],
        }
        self.port, self.peers = client, len(routes) - 1
        super().__init__(name, [which("nats-server"), "-c", configuration], directory / f"{name}.log", environment)

    def monitored(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor}/{path}", timeout=2) as reply:
                return json.load(reply)
        except (OSError, ValueError):
            return None

    def nodes(self):
        """How many nodes of Rostrum are connected to it."""
        clients = (self.monitored("connz") or {}).get("connections", [])
        return sum(client.get("name", "").startswith("rostrum ") for client in clients)

    def wait_until_ready(self):
        self.wait_until(lambda: self.monitored("healthz") == {"status": "ok"}, f"{self.name} is healthy")

    def wait_for_peers(self, count):
        self.wait_until(lambda: (self.monitored("routez") or {}).get("num_routes", 0) >= count,
                        f"{self.name} has found {count} other servers")
