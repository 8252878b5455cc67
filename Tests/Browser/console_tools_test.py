"""The console's developer tools."""

import json

from console_case import APPLICATION, ConsoleCase


class ToolsTest(ConsoleCase):
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

    def test_the_request_log_says_when_the_session_has_ended(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/tools/requests")
        self.assertFalse(page.find("[data-signed-out]").is_displayed())
        self.driver.delete_all_cookies()
        page.wait(lambda: page.find("[data-signed-out]").is_displayed())
        self.assertTrue(page.find("[data-stale]").is_displayed())

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
