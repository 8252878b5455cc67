"""What is broken, and how it shows that it was."""
import re
import time
from dataclasses import dataclass, field

from loopback.postgresql import Postgres
from loopback.programs import wait_until

from ledger import Ledger


class Unfelt(Exception):
    """A fault that did not show as it should."""


def felt(condition, what):
    if not condition:
        raise Unfelt(what)


@dataclass
class Scene:
    """One cluster under load."""
    cluster: object
    load: object
    # What a failover has taken back, though it was acknowledged.
    undone: Ledger = field(default_factory=Ledger)

    def breathe(self, seconds):
        """Lets the load run."""
        time.sleep(seconds)


@dataclass
class Fault:
    name: str
    act: object
    # What its cluster needs beyond three nodes.
    needs: dict = field(default_factory=dict)
    is_quick: bool = False

    @property
    def needs_own_network(self):
        return bool({"database_apart", "node_apart"} & self.needs.keys())


def webhooks_were_taken_over(scene):
    """Another node takes up an outbox within 10 s; the load's own pause between two events comes on top."""
    silence = scene.load.receiver.silent_for()
    felt(silence < 11, f"no webhook came for {silence:.1f} s")


def sent_webhooks(node):
    return float(metric(node, "rostrum_webhook_attempts_total{kind=\"after\",result=\"delivered\"}") or 0)


def in_order_of_webhooks(scene):
    """The nodes; the one that sends most of them first."""
    before = {node: sent_webhooks(node) for node in scene.cluster.nodes}
    scene.breathe(2)
    return sorted(before, key=lambda node: before[node] - sent_webhooks(node))


def kill_node(place):
    def act(scene):
        node = in_order_of_webhooks(scene)[place]
        before = scene.load.breaks
        node.kill()
        scene.breathe(12)
        felt(scene.load.breaks > before, f"{node.name} had no session")
        node.start()
        node.wait_until_ready()
        scene.cluster.proxy.wait_until_ready()
        webhooks_were_taken_over(scene)
    return act


def end_postgresql(end):
    def act(scene):
        scene.load.forget_waits()
        end(scene.cluster.database)
        scene.breathe(1)
        scene.cluster.database.start()
        scene.cluster.database.wait_until_ready()
        wait_until(lambda: scene.load.longest_wait > 1, "a write was answered that had waited longer than 1 s")
        scene.breathe(5)
    return act


def cut_postgresql(scene):
    scene.load.forget_waits()
    scene.cluster.database_cable.unplug()
    scene.breathe(30)
    scene.cluster.database_cable.plug_in()
    scene.breathe(15)
    felt(scene.load.longest_wait > 25, f"no write waited longer than {scene.load.longest_wait:.0f} s")


def fail_over(scene):
    """The replica gets nothing any more, the primary goes on for a while and dies, the replica takes its place."""
    cluster, load = scene.cluster, scene.load
    load.finish()
    cluster.replica.wait_until(lambda: cluster.replica.has_all_of(cluster.database), "the replica has everything")
    cluster.replica.detach()
    load.write(scene.undone)
    scene.breathe(3)
    cluster.database.kill()
    # What was acknowledged before is on its way for no longer than this.
    scene.breathe(0.5)
    load.keep()
    cluster.replica.promote()
    scene.breathe(5)
    load.finish()
    load.write()
    scene.breathe(5)
    felt(scene.undone.writes, "nothing was lost")
    felt(load.reloads >= len(load.sessions), f"{load.reloads} reloads of {len(load.sessions)} sessions")


def metric(node, name):
    """The figure as it stands in /metrics; None when it is not there."""
    found = re.search("^" + re.escape(name) + r" (\S+)$", node.look("/metrics")[1], re.MULTILINE)
    return found and found[1]


def is_on_the_bus(node):
    return metric(node, "rostrum_bus_connected") in ("1", "1.0")


def wait_for_the_bus(scene):
    for node in scene.cluster.nodes:
        node.wait_until(lambda node=node: is_on_the_bus(node), f"{node.name} has the bus again")


def delivered_without_the_bus(scene, since, until):
    """Each node compares its channels with the storage, and brings what it did not hear within 5 s."""
    # What has not come yet may be on its way.
    while (delay := scene.load.delivery(since, until)) >= 8 and time.monotonic() < until + 8:
        scene.breathe(0.2)
    felt(delay < 8, f"without the bus posts took {delay:.1f} s to the sessions")


def busiest(servers):
    """The NATS server that most nodes are connected to, alone: each takes any of them."""
    return [max(servers, key=lambda server: server.nodes())]


def reconnects(scene):
    return sum(float(metric(node, "rostrum_bus_reconnects_total") or 0) for node in scene.cluster.nodes)


def kill_nats(choose, seconds):
    def act(scene):
        servers = choose(scene.cluster.bus)
        nodes, before = sum(server.nodes() for server in servers), reconnects(scene)
        felt(nodes, "no node is connected to what is killed")
        for server in servers:
            server.kill()
        since = time.monotonic()
        scene.breathe(seconds)
        until = time.monotonic()
        if len(servers) == len(scene.cluster.bus):
            felt(not any(map(is_on_the_bus, scene.cluster.nodes)), "a node says that it has a bus")
        for server in servers:
            server.start()
        for server in servers:
            server.wait_until_ready()
            server.wait_for_peers(server.peers)
        wait_for_the_bus(scene)
        again = reconnects(scene) - before
        felt(again >= nodes, f"{again:.0f} nodes connected again of {nodes} that were on what was killed")
        delivered_without_the_bus(scene, since, until)
    return act


def part_node_from_nats(scene):
    scene.cluster.bus_cable.unplug()
    since = time.monotonic()
    scene.breathe(30)
    until = time.monotonic()
    felt(not is_on_the_bus(scene.cluster.nodes[2]), "node 3 says that it has a bus")
    scene.cluster.bus_cable.plug_in()
    wait_for_the_bus(scene)
    delivered_without_the_bus(scene, since, until)


def pause_node(scene):
    node = in_order_of_webhooks(scene)[0]
    before = scene.load.breaks
    node.pause()
    scene.breathe(20)
    felt(scene.load.breaks > before, f"{node.name} had no session")
    webhooks_were_taken_over(scene)
    node.resume()
    scene.breathe(10)


def go_on_with_clock(seconds):
    """Node 2 has been so far ahead since it started."""
    def act(scene):
        scene.breathe(15)
        ahead = scene.load.post_through(scene.cluster.nodes[1]) - time.time()
        felt(abs(ahead - seconds) < 10, f"node 2 gave a post a time that is {ahead:.0f} s ahead")
    return act


def restart_in_turn(scene):
    breaks, retries = scene.load.breaks, scene.load.retries
    scene.cluster.rolling_restart()
    felt(scene.load.breaks - breaks >= len(scene.load.sessions), "some sessions were not ended")
    retries = scene.load.retries - retries
    felt(retries == 0, f"{retries} calls had to be made again")


FAULTS = [
    Fault("node that sends the webhooks killed", kill_node(0), is_quick=True),
    Fault("another node killed", kill_node(1)),
    Fault("third node killed", kill_node(2)),
    Fault("one NATS server killed", kill_nats(busiest, seconds=3), is_quick=True),
    Fault("all NATS servers killed", kill_nats(list, seconds=10)),
    Fault("node that sends the webhooks paused for 20 s", pause_node),
    Fault("rolling restart", restart_in_turn),
    Fault("PostgreSQL restarted", end_postgresql(Postgres.stop), is_quick=True),
    Fault("PostgreSQL killed", end_postgresql(Postgres.kill)),
    Fault("PostgreSQL cut off for 30 s", cut_postgresql, {"database_apart": True}),
    Fault("failover to a replica that is behind", fail_over, {"replica": True}),
    Fault("node 3 cut off from NATS for 30 s", part_node_from_nats, {"node_apart": 3}),
    Fault("clock of node 2 is 60 s ahead", go_on_with_clock(60), {"clocks": {2: 60}}),
    Fault("clock of node 2 is 60 s behind", go_on_with_clock(-60), {"clocks": {2: -60}}),
]
