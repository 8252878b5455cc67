"""What the live suite opens and posts to in turn: Rostrum, the epoll program that is the limit, and nchan."""
import json
import os

from fleet import compiled
from harness import Process, SERVICE, free_port

NGINX = "/usr/sbin/nginx"
NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so"
NGINX_SETTINGS = """
load_module {module};
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /subscribe {{ nchan_subscriber websocket; nchan_channel_id live; }}
        location = /publish {{ nchan_publisher; nchan_channel_id live; nchan_store_messages off; }}
    }}
}}
"""


def request(path, body):
    """A POST as the load sends it; ten # in the body become a number that no other request has."""
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}")


class Contender:
    """A server, with the file of its subscribers' paths and that of the posts to it."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.directory = os.path.join(bench.directory, name)
        os.makedirs(self.directory, exist_ok=True)
        self.paths, self.posts = os.path.join(self.directory, "paths"), os.path.join(self.directory, "posts")

    def write(self, path, text):
        with open(path, "w") as file:
            file.write(text)


class Rostrum(Contender):
    """Every account `user_0` and on has a path; what it subscribes to stands in the data directory."""

    def __init__(self, bench, accounts):
        super().__init__(bench, "rostrum")
        self.data = os.path.join(self.directory, "data")
        self.write(self.paths, bench.tool("upgrade-paths", "--accounts", accounts) + "\n")

    def start(self, *more):
        process, port, _ = self.bench.rostrum(self.data, *more)
        return process, port

    def posts_to(self, name, channels):
        """A file with a text of 200 bytes to each of the channels."""
        text = ("Ferry 7 is 20 min late. " * 9)[:200]

        def body(channel):
            return json.dumps({"Official_Account": channel, "Random": "##########", "MsgBody": [
                {"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]}).replace('"##########"', "##########")

        path = self.bench.url(0, "send_official_account_msg").partition(":0")[2]
        file = os.path.join(self.directory, name)
        self.write(file, "".join(request(path, body(channel)) for channel in channels))
        return file


class Epoll(Contender):
    """The least that a fan-out can cost."""

    def __init__(self, bench):
        super().__init__(bench, "epoll")
        self.program = compiled(self.directory, "fanout", "fanout.c")
        self.write(self.paths, "/live\n")

    def start(self):
        port = free_port()
        return Process([self.program, str(port)], "fanout is ready", self.bench.log), port

    def post_bytes(self, count):
        self.write(self.posts, request("/publish", "x" * count))


class Nchan(Contender):
    """nginx with nchan, one worker, nothing stored."""

    def __init__(self, bench):
        super().__init__(bench, "nchan")
        self.write(self.paths, "/subscribe\n")

    def start(self):
        port, settings = free_port(), os.path.join(self.directory, "nginx.conf")
        # nginx begins to close connections when a sixteenth of its places is left.
        places = max(self.bench.options.sessions) * 5 // 4 + 100
        self.write(settings, NGINX_SETTINGS.format(module=NCHAN, directory=self.directory, port=port,
                                                   connections=places))
        process = Process([NGINX, "-p", self.directory, "-c", settings], None, self.bench.log)
        self.bench.wait_for(port)
        return process, port

    post_bytes = Epoll.post_bytes
