"""What the tests of the console share: a browser, a server of their own, and how people sign in.

They look at `rostrum dev` in headless Chromium, by the eyes and hands of its users; `make browser` runs them, and they
need what demo_test.py needs. Every page is looked at in both colour schemes at 1280 and 390 pixels; the pictures are in
.build/screenshots/.
"""

import base64
import hashlib
import hmac
import shutil
import struct
import time
import unittest

from selenium import webdriver

from console_page import PICTURES, Page
from demo_test import UNLIMITED, Server

APPLICATION = "/console/apps/88888888"
PASSWORD = "correct horse battery staple"


def start_browser():
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def one_time_code(secret, steps=0):
    """What an authenticator app shows now, or so many steps of 30 s later (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">q", int(time.time()) // 30 + steps), hashlib.sha1)
    offset = digest[19] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class ConsoleCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.driver = start_browser()
        cls.server = Server(*UNLIMITED)

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        cls.server.remove()

    def setUp(self):
        self.page = Page(self.driver, self.server.url)
        self.page.open("/console/sign-in")
        self.driver.delete_all_cookies()
        self.page.look()
        self.driver.get_log("browser")

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        outcome = super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.page.picture(f"failed-{self._testMethodName}")
        return outcome

    def sign_in_as_developer(self):
        self.page.open("/console/sign-in")
        self.page.press("form[action$='/emulator'] button")

    def sign_in(self, name, password, code=""):
        self.page.open("/console/sign-in")
        self.page.fill(name=name, password=password, code=code)
        self.page.press("form[action$='/sign-in'] button")

    def add_operator(self, name, role):
        self.sign_in_as_developer()
        self.page.open("/console/operators")
        self.page.fill(name=name, role=role, password=PASSWORD)
        self.page.press("form[action='/console/operators'] button")

    def assert_good(self, name):
        """The page that is open is one for everybody, and no script or policy complains."""
        self.assertEqual(self.page.inspect(name), [], f"pictures are in {PICTURES}")
        self.assert_no_complaints()

    def assert_no_complaints(self):
        # A form that is refused answers with a status that the browser notes.
        texts = [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE"]
        self.assertEqual([text for text in texts if "the server responded with a status of" not in text], [])
