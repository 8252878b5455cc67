"""What an operator watches: webhooks and the monitor."""

import time

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from console_case import APPLICATION, ConsoleCase
from console_data import API, NEWS, Backend, Installation, text


class WebhooksTest(ConsoleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend = Backend()
        cls.api = Installation(cls.server).api

    @classmethod
    def tearDownClass(cls):
        cls.backend.stop()
        super().tearDownClass()

    def test_events_are_delivered_fail_and_are_sent_again(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/webhooks")
        page.fill(url="ftp://nowhere")
        page.press("form[action$='/webhooks'] button.primary")
        self.assertTrue(page.has("[role='alert']"))
        page.fill(url=self.backend.url, retry="off", token="tok-5f3a")
        page.find("input[name='on.afterSend']").click()
        page.press("form[action$='/webhooks'] button.primary")
        self.assertTrue(page.find("input[name='on.afterSend']").is_selected())
        self.assertNotIn("tok-5f3a", self.driver.page_source)

        page.press("form[action$='/test'] button")
        self.assertIn("Delivered", page.text)
        self.assertIn("Rostrum.CallbackTest", [body["CallbackCommand"] for body in self.backend.bodies])
        self.assertIn('"ActionStatus":"OK"', page.text)

        self.backend.status = 500
        page.open(f"{APPLICATION}/webhooks")
        for number in range(3):
            self.api.send(NEWS, text(f"lost {number}"))
        # The figure follows by itself.
        page.wait(lambda: page.find("[data-rate-failures]").text == "3")
        dead = f"{APPLICATION}/webhooks/dead"
        page.wait(lambda: page.open(dead) or len(page.texts("form[action$='/retry'] button")) == 3)
        self.assert_good("webhook-dead-letters")

        page.open(f"{APPLICATION}/webhooks/log")
        page.fill(outcome="failed", channel=NEWS)
        page.press("form.filter button")
        self.assertEqual(len(page.texts("tbody tr")), 3)
        page.press("tbody a")
        self.assertIn("status 500", page.text)
        self.assertIn("lost", page.text)

        self.backend.status = 200
        before = len(self.backend.bodies)
        page.open(dead)
        page.press("form[action$='/retry'] button")
        self.assertEqual(len(page.texts("form[action$='/retry'] button")), 2)
        page.press_and_agree("form[action$='/retry-all'] button")
        page.wait(lambda: len(self.backend.bodies) == before + 3)
        page.wait(lambda: page.open(dead) or page.has(".empty"))
        self.assert_no_complaints()

    def test_a_figure_that_is_not_renewed_says_so(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/webhooks")
        stale, signed_out = page.find("[data-stale]"), page.find("[data-signed-out]")
        self.server.stop()
        try:
            page.wait(stale.is_displayed)
            self.assertFalse(signed_out.is_displayed())
        finally:
            self.server.start()
        page.wait(lambda: not stale.is_displayed())
        # The browser notes that the server was away.
        self.driver.get_log("browser")
        self.driver.delete_all_cookies()
        page.wait(signed_out.is_displayed)
        self.assertTrue(stale.is_displayed())
        self.assert_good("webhooks-signed-out")
        page.press("[data-signed-out] a")
        self.assertEqual(page.path, f"/console/sign-in?next={APPLICATION}/webhooks")

    def test_the_signing_secret_is_shown_and_that_is_in_the_audit(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/webhooks")
        page.press("form[action$='/secret'] button")
        self.assertRegex(page.find("main pre").text, "^[0-9a-f]{64}$")
        page.open(f"{APPLICATION}/audit")
        self.assertIn("show-webhook-secret", page.text)


class MonitorTest(ConsoleCase):
    def test_the_charts_follow_what_happens_by_themselves(self):
        page = self.page
        api = Installation(self.server).api
        self.sign_in_as_developer()
        page.open("/console/monitor")
        posts = "[data-chart='posts'] .legend b"
        page.wait(lambda: page.has("[data-chart='posts'] svg") and page.find(posts).text == "0")
        for number in range(5):
            api.send(NEWS, text(f"m{number}"))
        page.wait(lambda: self.driver.execute_script(
            "return Number(document.querySelector(\"[data-chart='posts'] svg .curve\").getBBox().height) > 0"))
        row = "//th[text()='Posts']/following-sibling::td"
        # The installation's own posts of a moment ago may be among them.
        page.wait(lambda: not page.find("[data-monitor-still]").is_displayed())
        page.wait(lambda: int(self.driver.find_elements(By.XPATH, row)[-1].text) >= 5)
        self.assert_good("monitor-busy")
        page.find("[data-span='1d']").click()
        page.wait(lambda: page.find("[data-span='1d']").get_attribute("aria-pressed") == "true")
        self.assertFalse(page.find("[data-monitor-broken]").is_displayed())
        self.assert_no_complaints()

    def test_the_times_of_the_charts_are_utc_wherever_one_is(self):
        page = self.page
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setTimezoneOverride", {"timezoneId": ""})
        self.sign_in_as_developer()
        page.open("/console/monitor")
        page.wait(lambda: page.find("[data-chart='posts'] .legend b").text == "0")
        chart = page.find("[data-chart='posts'] svg:not(.swatch)")
        now = int(time.time())
        near = {time.strftime("%H:%M", time.gmtime(now + shift)) for shift in (-60, 0, 60)}
        texts = page.wait(lambda: page.texts("[data-chart='posts'] .plot svg text"))
        self.assertIn(texts[-1], near)
        chart.send_keys(Keys.ARROW_LEFT)
        page.wait(lambda: page.find("[data-chart='posts'] .readout").is_displayed())
        readout = page.find("[data-chart='posts'] .readout").text
        self.assertRegex(readout, r"^\d\d:\d\d:\d\d UTC · Posts sent: ")
        self.assertIn(readout[:5], near)

    def test_lines_are_told_apart_without_their_colours(self):
        page = self.page
        api = API(self.server)
        self.sign_in_as_developer()
        page.open("/console/monitor")
        page.wait(lambda: page.has("[data-chart='attempts'] .curve.line-1"))
        api.call("im_open_login_svc/account_import", UserID="anna")
        with self.assertRaises(AssertionError):
            api.call("im_open_login_svc/kick", UserID="ghost")
        page.wait(lambda: page.has("[data-chart='calls'] .curve.line-1"))
        dashes = self.driver.execute_script("""
            const dash = (element) => getComputedStyle(element).strokeDasharray;
            return [...document.querySelectorAll("[data-chart]")].map((chart) => [
                [...chart.querySelectorAll(".curve")].map(dash), [...chart.querySelectorAll(".swatch path")].map(dash),
            ]);
        """)
        self.assertGreater(sum(len(curves) > 1 for curves, _ in dashes), 3)
        for curves, swatches in dashes:
            self.assertEqual(curves, swatches)
            self.assertEqual(len(set(curves)), len(curves))

    def test_a_page_whose_session_has_ended_says_so(self):
        page = self.page
        self.sign_in_as_developer()
        page.open("/console/monitor")
        page.wait(lambda: page.has("[data-chart='connections'] svg"))
        self.driver.delete_all_cookies()
        page.find("[data-span='1d']").click()
        page.wait(lambda: page.find("[data-signed-out]").is_displayed())
        self.assertFalse(page.find("[data-monitor-broken]").is_displayed())
        self.assert_good("monitor-signed-out")

        # Elsewhere: the stream ends, and that is all that the page hears.
        self.sign_in_as_developer()
        page.open("/console/monitor")
        page.wait(lambda: page.has("[data-chart='connections'] svg"))
        self.driver.execute_script("""
            const token = document.querySelector("[name='_token']").value;
            return fetch("/console/sign-out", {method: "POST", body: new URLSearchParams({_token: token})});
        """)
        page.wait(lambda: page.find("[data-signed-out]").is_displayed())
        self.assertFalse(page.find("[data-monitor-broken]").is_displayed())

    def test_a_page_that_lost_the_server_says_so(self):
        page = self.page
        self.sign_in_as_developer()
        page.open("/console/monitor")
        page.wait(lambda: page.has("[data-chart='connections'] svg"))
        self.server.stop()
        try:
            page.wait(lambda: page.find("[data-monitor-broken]").is_displayed())
        finally:
            self.server.start()
