"""The console of `rostrum dev` in headless Chromium, by the eyes and hands of its users.

Run by `make browser`; needs what demo_test.py needs. Every page is looked at in both colour schemes at 1280 and 390
pixels; the pictures are in .build/screenshots/. A page is added to PAGES, and what people do on it gets a test.
"""

import base64
import hashlib
import hmac
import json
import shutil
import struct
import time
import unittest

from selenium import webdriver
from selenium.webdriver.common.by import By

from console_page import PICTURES, Page
from demo_test import UNLIMITED, Server

APPLICATION = "/console/apps/88888888"
PASSWORD = "correct horse battery staple"

# The pages that an owner finds, by what their pictures are called.
PAGES = [
    ("operators", "/console/operators"),
    ("own-account", "/console/account"),
    ("audit", "/console/audit"),
    ("tools", f"{APPLICATION}/tools"),
    ("tools-not-found", f"{APPLICATION}/tools?request=0123456789abcdef-1"),
    ("tools-usersig", f"{APPLICATION}/tools/usersig"),
    ("tools-explorer", f"{APPLICATION}/tools/explorer"),
    ("tools-explorer-command", f"{APPLICATION}/tools/explorer?command=send_official_account_msg"),
    ("tools-requests", f"{APPLICATION}/tools/requests"),
    ("tools-emulator", f"{APPLICATION}/tools/emulator"),
]


def one_time_code(secret, steps=0):
    """What an authenticator app shows now, or so many steps of 30 s later (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">q", int(time.time()) // 30 + steps), hashlib.sha1)
    offset = digest[19] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class ConsoleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        options = webdriver.ChromeOptions()
        for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        cls.driver = webdriver.Chrome(options=options, service=service)
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

    # MARK: Every page

    def test_every_page_is_for_everybody(self):
        self.sign_in_as_developer()
        for name, path in PAGES:
            with self.subTest(page=name):
                self.page.open(path)
                self.assertEqual(self.page.path, path)
                self.assert_good(name)

    def test_every_page_is_there_in_every_language(self):
        self.sign_in_as_developer()
        for language in ("zh-Hans", "ja", "en"):
            self.page.open("/console/audit")
            self.page.find(".who summary").click()
            self.page.press(f"button[name='language'][value='{language}']")
            self.assertEqual(self.page.find("html").get_attribute("lang"), language)
            for name, path in PAGES:
                with self.subTest(page=name, language=language):
                    self.page.open(path)
                    self.page.look(390)
                    self.page.picture(f"{name}-{language}")
                    self.assertEqual(self.page.width_beyond, 0)
                    self.page.look()
        self.assert_no_complaints()

    # MARK: Access

    def test_signing_in_and_out(self):
        self.page.open("/console/audit")
        self.assertEqual(self.page.path, "/console/sign-in?next=/console/audit")
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                self.page.look(width, scheme)
                self.page.picture(f"sign-in-{width}-{scheme}")
        self.page.look()
        self.page.press("form[action$='/emulator'] button")
        self.assertEqual(self.page.path, "/console/audit")
        self.assertIn("developer", self.page.text)

        self.page.find(".who summary").click()
        self.page.press("form[action$='/sign-out'] button")
        self.assertTrue(self.page.path.startswith("/console/sign-in"))
        self.page.open("/console/audit")
        self.assertTrue(self.page.path.startswith("/console/sign-in"))
        self.assert_no_complaints()

    def test_a_new_operator_signs_in_and_finds_what_is_his(self):
        self.add_operator("carol", "read-only")
        self.assertIn("carol", self.page.texts("tbody th"))
        self.assertTrue(self.page.has(".notice.good"))

        self.driver.delete_all_cookies()
        self.sign_in("carol", "wrong password")
        self.assertTrue(self.page.has("[role='alert']"))
        self.assertEqual(self.page.find("#name").get_attribute("value"), "carol")
        self.sign_in("carol", PASSWORD)
        self.page.open("/console/audit")
        self.assertFalse(any("Operators" == text for text in self.page.texts(".top nav a")))
        self.page.open("/console/operators")
        self.assertIn("Your role does not allow this", self.page.text)

        # He tries what only reads, and is not offered what changes.
        self.page.open(f"{APPLICATION}/tools/explorer?command=kick")
        self.assertFalse(self.page.find("form.wide button").is_enabled())
        self.page.open(f"{APPLICATION}/tools/explorer?command=account_check")
        self.page.press("form.wide button")
        self.assertIn("NotImported", self.page.text)
        self.page.open(f"{APPLICATION}/tools/emulator")
        self.assertFalse(self.page.has("main form"))
        self.assert_no_complaints()

    def test_a_second_factor_is_asked_for(self):
        self.add_operator("dave", "operator")
        self.driver.delete_all_cookies()
        self.sign_in("dave", PASSWORD)
        self.page.open("/console/account")
        secret = self.page.find(".secret").text
        self.page.fill(code="000000" if one_time_code(secret) != "000000" else "111111")
        self.page.press("form[action$='/second-factor'] button")
        self.assertTrue(self.page.has("[role='alert']"))
        self.assertEqual(self.page.find(".secret").text, secret)
        # A code is good once; that of the step before leaves the present one for signing in.
        self.page.fill(code=one_time_code(secret, steps=-1))
        self.page.press("form[action$='/second-factor'] button")
        self.assertTrue(self.page.has(".notice.good"))
        self.assert_good("own-account-with-second-factor")

        self.driver.delete_all_cookies()
        self.sign_in("dave", PASSWORD)
        self.assertTrue(self.page.has("[role='alert']"))
        self.sign_in("dave", PASSWORD, one_time_code(secret))
        self.assertFalse(self.page.path.startswith("/console/sign-in"))

    def test_the_audit_tells_who_did_what(self):
        self.add_operator("erin", "operator")
        self.page.open("/console/audit")
        rows = self.page.texts("tbody tr")
        self.assertTrue(any("erin" in row and "developer" in row for row in rows), rows)

    # MARK: Tools

    def explore(self, command, body=None):
        self.page.open(f"{APPLICATION}/tools/explorer?command={command}")
        if body is not None:
            self.page.fill(body=json.dumps(body))
        self.page.press("form.wide button")
        return json.loads(self.page.find("#reply ~ pre").text)

    def test_a_usersig_is_made_and_explained(self):
        self.sign_in_as_developer()
        self.page.open(f"{APPLICATION}/tools/usersig")
        self.page.fill(new_identifier="administrator", amount="2", unit="hours")
        self.page.press("form[action$='/make'] button")
        token = self.page.find("#made").text
        self.assertNotIn(token, self.driver.current_url)
        self.assert_good("tools-usersig-made")

        self.page.fill(token=token)
        self.page.press("form[action$='/usersig'] button")
        self.assertIn("This UserSig is good", self.page.text)
        self.assert_good("tools-usersig-good")

        self.page.fill(token=token, identifier="anna")
        self.page.press("form[action$='/usersig'] button")
        self.assertIn("Made for administrator, not for anna", self.page.text)
        self.assertIn("70013", self.page.text)
        self.assert_good("tools-usersig-bad")

    def test_the_samples_of_the_explorer_work_one_after_the_other(self):
        self.sign_in_as_developer()
        for command in ("create_official_account", "account_import", "add_subscriber", "send_official_account_msg",
                        "official_account_msg_get_simple", "get_subscriber_info"):
            with self.subTest(command=command):
                self.assertEqual(self.explore(command)["ErrorCode"], 0)
        self.assert_good("tools-explorer-reply")
        self.assertEqual(self.explore("kick", {"UserID": "ghost"})["ErrorCode"], 70107)
        self.assertIn("70107", self.page.texts(".badge.bad"))
        self.assert_good("tools-explorer-refusal")

        # The curl line follows what is typed.
        self.page.fill(body='{"UserID":"o\'hara"}')
        self.assertIn("-d '{\"UserID\":\"o'\\''hara\"}'", self.page.find("#curl").text)
        self.assertEqual(self.explore("destroy_official_account")["ErrorCode"], 0)

    def test_a_call_appears_by_itself_and_is_found_by_its_request_id(self):
        self.sign_in_as_developer()
        self.page.open(f"{APPLICATION}/tools/requests")
        channel = "@TOA#_nowhere"
        with self.assertRaises(AssertionError):
            self.server.post(channel, "a call that fails")
        row = "tbody tr:first-child"
        self.page.wait(lambda: "send_official_account_msg" in self.page.find(row).text)
        self.assertIn("130004", self.page.find(row).text)
        self.assert_good("tools-requests-live")

        self.page.press(f"{row} a")
        request = self.page.path.split("/")[-1]
        self.assertIn("a call that fails", self.page.text)
        self.assert_good("tools-request")
        self.page.open(f"{APPLICATION}/tools")
        self.page.fill(request=request)
        self.page.press("form[role='search'] button")
        self.assertTrue(self.page.path.endswith(f"/requests/{request}"))
        self.page.press(".head .button")
        self.assertIn("a call that fails", self.page.find("#body").get_attribute("value"))

        self.page.open(f"{APPLICATION}/tools/requests?code=130004&command=kick")
        self.assertTrue(self.page.has(".empty"))

    def test_time_passes_and_calls_fail_on_purpose(self):
        self.sign_in_as_developer()
        self.page.open(f"{APPLICATION}/tools/emulator")
        ahead = self.server.get("/dev/clock")["ahead"]
        self.page.fill(amount="3", unit="days")
        self.page.press("form[action$='/clock'] button")
        self.assertEqual(self.server.get("/dev/clock")["ahead"], ahead + 3 * 86_400)

        self.page.fill(command="kick", code="20005", times="2", delay="10")
        self.page.press("form[action$='/faults'] button")
        self.assertEqual(self.server.get("/dev/faults")["faults"],
                         [{"command": "kick", "code": 20005, "times": 2, "delayMs": 10}])
        self.assert_good("tools-emulator-fault")
        self.page.fill(command="kick", code="1")
        self.page.press("form[action$='/faults'] button")
        self.assertTrue(self.page.has("[role='alert']"))
        self.assertEqual(self.page.find("#code").get_attribute("value"), "1")
        self.page.press("form[action$='/clear'] button")
        self.assertEqual(self.server.get("/dev/faults")["faults"], [])

    def test_without_a_script_everything_can_be_read(self):
        self.sign_in_as_developer()
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setScriptExecutionDisabled", {"value": False})
        for name, path in PAGES:
            with self.subTest(page=name):
                self.page.open(path)
                self.assertTrue(self.driver.find_element(By.CSS_SELECTOR, "main").text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
