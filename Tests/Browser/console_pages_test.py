"""Every page of the console: for everybody, in every language, and readable without a script."""

import re
import urllib.parse

from selenium.webdriver.common.by import By

from console_case import APPLICATION, ConsoleCase
from console_data import LONG_USER, LONGEST, NEWS, Backend, Installation


def quoted(text):
    return urllib.parse.quote(text, safe="")


def channel(identifier, end=""):
    return f"{APPLICATION}/channels/{quoted(identifier)}{end}"


class PagesTest(ConsoleCase):
    """A page is added to `pages`, and what people do on it gets a test elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend = Backend()
        cls.installation = Installation(cls.server)
        cls.deliveries = []

    @classmethod
    def tearDownClass(cls):
        cls.backend.stop()
        super().tearDownClass()

    def set_webhooks(self):
        """Has deliveries, good and bad, in the log and among the dead letters."""
        page = self.page
        page.open(f"{APPLICATION}/webhooks")
        page.fill(url=self.backend.url, retry="off", token="a token")
        for name in ("afterSend", "afterInfoChanged", "afterRecall"):
            page.find(f"input[name='on.{name}']").click()
        page.press("form[action$='/webhooks'] button.primary")
        page.press("form[action$='/test'] button")
        good = page.path
        self.backend.status = 503
        page.open(f"{APPLICATION}/webhooks")
        page.press("form[action$='/test'] button")
        for number in range(3):
            self.installation.api.send(NEWS, {"MsgType": "TIMTextElem", "MsgContent": {"Text": f"unheard {number}"}})
        page.open(f"{APPLICATION}/webhooks/dead")
        dead = "form[action$='/retry']"
        page.wait(lambda: page.has(dead) or page.open(f"{APPLICATION}/webhooks/dead"))
        bad = page.find("tbody a[href*='/deliveries/']").get_attribute("href").removeprefix(page.url)
        self.backend.status = 200
        return [("webhook-delivery", good.split("?")[0]), ("webhook-delivery-failed", bad)]

    @property
    def pages(self):
        """What an owner finds, by what its pictures are called."""
        if not self.deliveries:
            self.deliveries += self.set_webhooks()
        posts = self.installation.posts
        return [
            ("apps", "/console/apps"),
            ("app-new", "/console/apps/new"),
            ("app", APPLICATION),
            ("app-settings", f"{APPLICATION}/settings"),
            ("app-audit", f"{APPLICATION}/audit"),
            ("accounts", f"{APPLICATION}/accounts"),
            ("accounts-none", f"{APPLICATION}/accounts?q=nobody"),
            ("accounts-import", f"{APPLICATION}/accounts-import"),
            ("account", f"{APPLICATION}/accounts/anna"),
            ("account-long", f"{APPLICATION}/accounts/{LONG_USER}"),
            ("channels", f"{APPLICATION}/channels"),
            ("channels-none", f"{APPLICATION}/channels?q=nothing"),
            ("channel-new", f"{APPLICATION}/channels/new"),
            ("channel", channel(NEWS)),
            ("channel-long", channel(LONGEST)),
            ("channel-markup", channel("@TOA#_markup")),
            ("channel-edit", channel(NEWS, "/edit")),
            ("subscribers", channel(NEWS, "/subscribers")),
            ("subscriber-found", channel(NEWS, "/subscribers?account=anna")),
            ("subscribers-none", channel(LONGEST, "/subscribers")),
            ("posts", channel(NEWS, "/posts")),
            ("posts-none", channel(LONGEST, "/posts")),
            *((f"post-{kind}", channel(NEWS, f"/posts/{key}")) for kind, key in posts.items()),
            ("compose", channel(NEWS, "/compose")),
            ("webhooks", f"{APPLICATION}/webhooks"),
            ("webhook-log", f"{APPLICATION}/webhooks/log"),
            ("webhook-log-none", f"{APPLICATION}/webhooks/log?command=OfficialAccount.CallbackAfterOfficialAccountFull"),
            ("webhook-dead", f"{APPLICATION}/webhooks/dead"),
            *self.deliveries,
            ("monitor", "/console/monitor"),
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
            ("not-found", f"{APPLICATION}/accounts/nobody"),
        ]

    def test_every_page_is_for_everybody(self):
        self.sign_in_as_developer()
        for name, path in self.pages:
            with self.subTest(page=name):
                self.page.open(path)
                self.assertEqual(self.page.path, path)
                self.assert_good(name)

    def choose(self, language):
        self.page.open("/console/audit")
        self.page.find(".who summary").click()
        self.page.press(f"button[name='language'][value='{language}']")
        self.assertEqual(self.page.find("html").get_attribute("lang"), language)

    def test_every_page_is_there_in_every_language(self):
        """Besides English, in which all else is tested."""
        self.sign_in_as_developer()
        pages = self.pages
        self.addCleanup(self.choose, "en")
        for language in ("zh-Hans", "ja"):
            self.choose(language)
            for name, path in pages:
                with self.subTest(page=name, language=language):
                    self.page.open(path)
                    self.page.look(390)
                    self.page.picture(f"{name}-{language}")
                    self.assertEqual(self.page.width_beyond, 0)
                    self.page.look()
        self.assert_no_complaints()

    def test_without_a_script_everything_can_be_read(self):
        self.sign_in_as_developer()
        pages = self.pages
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setScriptExecutionDisabled", {"value": False})
        read = {}
        for name, path in pages:
            self.page.open(path)
            read[name] = self.lines
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        for name, path in pages:
            with self.subTest(page=name):
                self.page.open(path)
                lines = self.lines
                self.assertGreater(len(read[name]), 1)
                # What goes on is drawn by the script of the monitor; what was counted stands there without it.
                if name != "monitor":
                    self.assertEqual(lines - read[name], set())

    def test_without_a_script_the_kinds_of_a_post_have_their_names(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(channel(NEWS, "/compose"))
        self.assertLess(page.find("[data-kind='text'] > legend").size["height"], 2)
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setScriptExecutionDisabled", {"value": False})
        page.open(channel(NEWS, "/compose"))
        legends = self.driver.find_elements(By.CSS_SELECTOR, "[data-kind] > legend")
        self.assertEqual([one.text for one in legends], ["Text", "Image", "Image and text", "Custom JSON"])
        for legend in legends:
            self.assertGreater(legend.size["height"], 10)
        page.picture("compose-without-script")

    def test_what_is_long_opens(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(channel(NEWS, "/subscribers?account=anna"))
        whole = page.find("details.cut .lines")
        self.assertFalse(whole.is_displayed())
        page.find("details.cut summary").click()
        self.assertEqual(whole.text, "Berth 7, prefers the morning ferry " * 8)
        self.assert_good("subscriber-open")
        page.open(f"{APPLICATION}/audit")
        cut = page.find("details.cut")
        cut.find_element(By.CSS_SELECTOR, "summary").click()
        self.assertGreater(len(cut.find_element(By.CSS_SELECTOR, ".lines").text), 200)
        self.assert_good("app-audit-open")

    @property
    def lines(self):
        """What can be read in the page: without figures, which go on, and without what only a script can offer."""
        text = self.driver.find_element(By.CSS_SELECTOR, "main").text
        # A key for an authenticator is another one each time.
        text = re.sub(r"\b[A-Z2-7]{32}\b", "KEY", text)
        lines = {re.sub(r"\d[\d.,:]*", "#", line).strip() for line in text.splitlines()}
        offered = {"", "Copy", "CSV file (at most # MB)"}
        return {line for line in lines - offered if not re.fullmatch(r"# / # bytes", line)}
