"""An installation that has been used for a while: what the console's pages are looked at with.

Long IDs, names in several scripts and markup stand among what is ordinary, since pages must bear them.
"""

import http.server
import json
import random
import subprocess
import threading
import urllib.parse
import urllib.request

from demo_test import BINARY, PATIENCE

APPLICATION = 88888888
NEWS = "@TOA#_ferries"
LONGEST = "@TOA#_" + "a_channel_of_the_longest_id_there_is_0123456"[:42]
LONG_USER = "user_of_thirty_two_characters_00"
MARKUP = "<script>alert('x')</script><b>&amp;"


class Backend:
    """The application's backend: takes webhooks, and answers as it is told."""

    def __init__(self):
        backend = self
        self.status = 200
        self.bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                backend.bodies.append(json.loads(body))
                reply = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}'
                self.send_response(backend.status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class API:
    """The REST API of a server, as its administrator calls it."""

    def __init__(self, server):
        self.url = server.url
        words = [BINARY, "usersig", "--app", str(APPLICATION), "--user", "administrator"]
        self.usersig = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    def call(self, path, **body):
        query = urllib.parse.urlencode({
            "sdkappid": APPLICATION, "identifier": "administrator", "usersig": self.usersig,
            "random": random.randrange(2**32), "contenttype": "json",
        })
        request = urllib.request.Request(f"{self.url}/v4/{path}?{query}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            answer = json.load(reply)
        if answer["ErrorCode"] != 0:
            raise AssertionError(f"{path}: {answer}")
        return answer

    def channel(self, command, **body):
        return self.call(f"official_account_open_http_svc/{command}", **body)

    def send(self, channel, *elements, **more):
        return self.channel("send_official_account_msg", Official_Account=channel, Random=random.randrange(2**32),
                            MsgBody=list(elements), **more)["MsgKey"]


def text(words):
    return {"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}


def image(url):
    info = {"Type": 1, "Size": 24_321, "Width": 1200, "Height": 630, "URL": url}
    return {"MsgType": "TIMImageElem", "MsgContent": {"UUID": "0f" * 16, "ImageFormat": 1, "ImageInfoArray": [info]}}


def article(title, content):
    data = {
        "businessID": "official_account_tweet", "version": 1, "title": title, "content": content,
        "link": "https://harbour.example/tides", "imageInfo": {"url": "https://img.example/t.jpg", "width": 800, "height": 400},
    }
    return {"MsgType": "TIMCustomElem", "MsgContent": {"Data": json.dumps(data, ensure_ascii=False)}}


class Installation:
    """Fills a server that has nothing yet; what was given a key by the server is kept here."""

    def __init__(self, server):
        self.api = API(server)
        self.import_accounts()
        self.create_channels()
        self.posts = self.send_posts()

    def import_accounts(self):
        names = ["Anna Lindqvist", "李雷", "山田 花子", MARKUP, ""]
        accounts = [{"UserID": f"captain{number:03}", "Nick": names[number % 5]} for number in range(60)]
        accounts += [{"UserID": "anna", "Nick": "Anna", "FaceUrl": "https://img.example/anna.png"}]
        accounts += [{"UserID": LONG_USER, "Nick": "W" * 160}]
        self.api.call("im_open_login_svc/multiaccount_import", AccountList=accounts)

    def create_channels(self):
        channels = [
            (NEWS, "Harbour News", "Ferries, tides and closures.\nEvery day at six.", "Harbour Authority"),
            ("@TOA#_weather", "天气与潮汐", "每日天气、潮汐和风力预报。", "气象局"),
            ("@TOA#_fishing", "港の釣り情報", "毎朝の釣果と潮の情報をお届けします。", "港湾組合"),
            ("@TOA#_markup", MARKUP, MARKUP, MARKUP),
            (LONGEST, "A channel whose name is as long as a name may be: " + "x" * 100, "", ""),
        ]
        channels += [(f"@TOA#_berth_{number:02}", f"Berth {number}", "", "") for number in range(1, 25)]
        for channel, name, introduction, organization in channels:
            self.api.channel("create_official_account", OfficialAccountUserID=channel, Owner_Account="administrator", Name=name,
                             Introduction=introduction, Organization=organization, MaxSubscriberNum=500)
        for first in (0, 20, 40):
            self.subscribe(NEWS, *(f"captain{number:03}" for number in range(first, first + 20)))
        self.subscribe(NEWS, "anna", LONG_USER)
        self.api.channel("modify_subscriber_info", Official_Account=NEWS, Subscriber_Account="anna",
                         CustomString="Berth 7, prefers the morning ferry " * 8)

    def subscribe(self, channel, *users):
        self.api.channel("add_subscriber", Official_Account=channel,
                         SubscriberList=[{"Subscriber_Account": user} for user in users])

    def send_posts(self):
        send = self.api.send
        posts = {
            "text": send(NEWS, text("Ferry 7 is delayed by twenty minutes.\nThe 08:40 leaves at 09:00."),
                         CloudCustomData='{"topic":"ferry"}'),
            "image": send(NEWS, image("https://img.example/" + "berth-plan-" * 9 + ".jpg")),
            "article": send(NEWS, article("Spring tides this week", "High water at 06:12 and 18:40. 春の大潮、今週末まで。")),
            "markup": send(NEWS, text(MARKUP)),
            "custom": send(NEWS, {"MsgType": "TIMCustomElem", "MsgContent": {"Data": '{"kind":"survey","question":4}'}}),
        }
        posts["recalled"] = send(NEWS, text("A post with a typo"))
        self.api.channel("official_account_msg_recall", Official_Account=NEWS, MsgKeyList=[posts["recalled"]],
                         Reason="a typo")
        return posts
