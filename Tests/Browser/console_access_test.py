"""Who gets into the console, and what he finds there."""

import time

from console_case import APPLICATION, PASSWORD, ConsoleCase, one_time_code


class AccessTest(ConsoleCase):
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
        self.assertTrue(self.page.find(".qr-code path").get_attribute("d").startswith("M4 4h7v1"))
        self.page.fill(
            second_current=PASSWORD,
            code="000000" if one_time_code(secret) != "000000" else "111111",
        )
        self.page.press("form[action$='/second-factor'] button")
        self.assertTrue(self.page.has("[role='alert']"))
        self.assertEqual(self.page.find(".secret").text, secret)
        # A code is good once; that of the step before leaves the present one for signing in. It is typed while the step
        # has time left, or it would be that of two steps before when it is judged.
        while time.time() % 30 > 20:
            time.sleep(0.5)
        self.page.fill(second_current=PASSWORD, code=one_time_code(secret, steps=-1))
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
