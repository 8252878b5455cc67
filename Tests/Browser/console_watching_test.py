"""What an operator watches: webhooks and the monitor."""

from selenium.webdriver.common.by import By

from console_case import APPLICATION, ConsoleCase
from console_data import NEWS, Backend, Installation, text


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
