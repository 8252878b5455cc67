"""The demo page of `rostrum dev` in headless Chromium, by the eyes and hands of its users.

Run by `make browser`; needs chromium, chromedriver, and selenium from PyPI. The program is .build/debug/rostrum unless
ROSTRUM_BINARY names another one. A test that fails leaves a picture of every tab in .build/browser/.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.request

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROSTRUM_BINARY", str(ROOT / ".build/debug/rostrum"))
PICTURES = ROOT / ".build/browser"
PATIENCE = 20
UNLIMITED = ("--limits", "broadcastsPerSecond=0", "broadcastsPerHour=0")


class Server:
    """`rostrum dev` over a directory that outlives it."""

    def __init__(self, *words):
        self.directory = tempfile.mkdtemp(prefix="rostrum-browser-")
        self.words = words
        self.port = 0
        self.start()

    def start(self):
        command = [BINARY, "dev", "--port", str(self.port), "--data-dir", self.directory, "--log-level", "error"]
        self.process = subprocess.Popen([*command, *self.words], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if ready := re.match(r"rostrum is ready on (http://.*:(\d+))", line):
                self.url, self.port = ready[1], int(ready[2])
                return
        raise AssertionError(f"{BINARY} did not start")

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as reply:
            return json.load(reply)

    def post(self, channel, text):
        """Posts as the channel, from outside of any page."""
        sig = subprocess.run(
            [BINARY, "usersig", "--app", "88888888", "--user", "administrator"], capture_output=True, text=True, check=True
        ).stdout.strip()
        query = f"sdkappid=88888888&identifier=administrator&usersig={sig}&random=1&contenttype=json"
        body = {
            "Official_Account": channel,
            "Random": abs(hash(text)) % 2**32,
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}],
        }
        address = f"{self.url}/v4/official_account_open_http_svc/send_official_account_msg?{query}"
        with urllib.request.urlopen(address, json.dumps(body).encode(), timeout=PATIENCE) as reply:
            answer = json.load(reply)
        if answer["ErrorCode"] != 0:
            raise AssertionError(answer)


class Tab:
    """The page in a tab of its own, as one user has it."""

    def __init__(self, driver, server, user=None):
        driver.switch_to.new_window("tab")
        self.driver = driver
        self.handle = driver.current_window_handle
        driver.get(server.url + "/demo" + (f"?user={user}" if user else ""))
        self.wait(lambda: self.find("body").get_attribute("data-is-ready") == "true")
        if user:
            self.wait(lambda: self.state == "online")

    def look(self):
        self.driver.switch_to.window(self.handle)

    def find(self, selector):
        self.look()
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        self.look()
        return self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent)", selector
        )

    def wait(self, condition):
        self.look()
        return WebDriverWait(self.driver, PATIENCE, poll_frequency=0.1).until(lambda _: condition())

    def type(self, field, text, form):
        self.find(f"#{field}").clear()
        self.find(f"#{field}").send_keys(text)
        self.find(f"#{form} button").click()

    @property
    def state(self):
        return self.find("body").get_attribute("data-state")

    @property
    def posts(self):
        return self.texts("#posts .text")

    def create(self, name):
        """Creates a channel, which is then open; returns its ID."""
        self.type("name", name, "create")
        self.wait(lambda: self.find("#channel-name").text == name)
        return self.find("#channel-id").text

    def open(self, channel):
        self.wait(lambda: self.texts(f"[data-channel='{channel}'] .name"))
        self.find(f"[data-channel='{channel}'] button").click()
        self.wait(lambda: self.find("#channel-id").text == channel)

    def subscribe(self, channel):
        self.open(channel)
        self.find("#subscription").click()
        self.wait(lambda: self.find("#subscription").text == "Unsubscribe")

    def post(self, text):
        self.type("text", text, "post")
        self.wait(lambda: self.find("#text").get_attribute("value") == "")

    def unread(self, channel):
        return self.find(f"[data-channel='{channel}'] .unread").text


class DemoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        options = webdriver.ChromeOptions()
        for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1200,800"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        cls.driver = webdriver.Chrome(options=options, service=service)
        cls.first = cls.driver.current_window_handle

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()

    def serve(self, *words):
        server = Server(*words)
        self.addCleanup(server.remove)
        return server

    def tab(self, server, user=None):
        return Tab(self.driver, server, user)

    def run(self, result=None):
        self.faults = lambda: len(result.failures) + len(result.errors)
        self.faults_before = self.faults()
        return super().run(result)

    def tearDown(self):
        failed = self.faults() > self.faults_before
        for number, handle in enumerate(self.driver.window_handles):
            if handle == self.first:
                continue
            self.driver.switch_to.window(handle)
            if failed:
                PICTURES.mkdir(parents=True, exist_ok=True)
                self.driver.save_screenshot(str(PICTURES / f"{self._testMethodName}-{number}.png"))
            self.driver.close()
        self.driver.switch_to.window(self.first)

    def assert_no_complaints(self):
        """Neither a script's fault nor anything that the page's security policy forbids."""
        complaints = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        # A server that is stopped, or a token that is asked for meanwhile, is a network error and no fault of the page.
        self.assertEqual([text for text in complaints if "net::ERR_CONNECTION" not in text and "/v4/ws" not in text], [])

    def test_a_channel_is_created_and_posts_without_a_user(self):
        server = self.serve(*UNLIMITED)
        tab = self.tab(server)

        channel = tab.create("Harbour News 港口新闻")
        tab.post("渡轮7号从3号码头出发")

        self.assertTrue(channel.startswith("@TOA#_"))
        self.assertEqual(tab.texts(".name"), ["Harbour News 港口新闻"])
        self.assertEqual([one["name"] for one in server.get("/dev/state")["channels"]], ["Harbour News 港口新闻"])
        calls = [call for call in server.get("/dev/requests")["requests"] if "send_official_account_msg" in call["path"]]
        self.assertEqual([call["code"] for call in calls], [0])
        self.assertIn("渡轮7号从3号码头出发", calls[0]["body"])
        self.assert_no_complaints()

    def test_what_people_write_is_text(self):
        tab = self.tab(self.serve(*UNLIMITED))
        markup = "<img src=x onerror=alert(1)><b>bold</b>"

        tab.create(markup)

        self.assertEqual(tab.texts(".name"), [markup])
        self.assertEqual(tab.texts("#channel-name"), [markup])
        self.assertEqual(self.driver.find_elements(By.CSS_SELECTOR, "main img, main b"), [])
        self.assert_no_complaints()

    def test_a_channel_that_posted_enough_can_let_an_hour_pass(self):
        server = self.serve()
        tab = self.tab(server)
        tab.create("News")
        tab.post("one")

        tab.type("text", "two", "post")
        tab.wait(lambda: tab.find("#notice-action").is_displayed())
        self.assertIn("10023", tab.find("#notice-text").text)
        tab.find("#notice-action").click()
        tab.wait(lambda: not tab.find("#notice").is_displayed())
        self.assertEqual(server.get("/dev/clock")["ahead"], 3600)
        tab.find("#post button").click()

        tab.wait(lambda: tab.find("#text").get_attribute("value") == "")

    def test_posts_reach_who_subscribes_and_nobody_else(self):
        server = self.serve(*UNLIMITED)
        anna, ben, chris = (self.tab(server, user) for user in ("anna", "ben", "chris"))
        channel = anna.create("Harbour News")
        # A channel that somebody else made is in the list of who looks again.
        for tab in (ben, chris):
            tab.look()
            self.driver.refresh()
            tab.wait(lambda: tab.state == "online")
        anna.subscribe(channel)
        ben.subscribe(channel)
        chris.open(channel)

        chris.post("渡轮7号")
        for tab in (anna, ben):
            tab.wait(lambda: tab.posts == ["渡轮7号"])
        self.assertEqual(chris.posts, [])
        self.assertEqual(chris.unread(channel), "")

        # Who looks elsewhere is told how much he has not read.
        other = ben.create("Other News")
        anna.post("second")
        ben.wait(lambda: ben.unread(channel) == "1")
        ben.open(channel)
        ben.wait(lambda: ben.posts == ["渡轮7号", "second"] and ben.unread(channel) == "")
        self.assertNotEqual(other, channel)

        # Recalled, it is gone everywhere.
        anna.find("#posts [data-seq='1'] button").click()
        for tab in (anna, ben):
            tab.wait(lambda: tab.posts == ["second"] and tab.texts("#posts .recalled") == ["recalled"])

        # Who unsubscribes gets no more.
        ben.find("#subscription").click()
        ben.wait(lambda: ben.find("#subscription").text == "Subscribe")
        anna.post("third")
        anna.wait(lambda: anna.posts == ["second", "third"])
        self.assertEqual(ben.posts, ["second"])
        self.assert_no_complaints()

    def test_after_a_restart_the_pages_come_back_and_get_what_they_missed(self):
        server = self.serve(*UNLIMITED)
        anna = self.tab(server, "anna")
        channel = anna.create("Harbour News")
        anna.subscribe(channel)
        ben = self.tab(server, "ben")
        ben.subscribe(channel)
        anna.post("before")
        for tab in (anna, ben):
            tab.wait(lambda: tab.posts == ["before"])

        server.stop()
        for tab in (anna, ben):
            tab.wait(lambda: tab.state in ("waiting", "connecting"))
        server.start()
        server.post(channel, "missed")

        for tab in (anna, ben):
            tab.wait(lambda: tab.state == "online" and tab.posts == ["before", "missed"])
        server.post(channel, "after")
        for tab in (anna, ben):
            tab.wait(lambda: tab.posts == ["before", "missed", "after"])
        self.assert_no_complaints()


if __name__ == "__main__":
    unittest.main(verbosity=2)
