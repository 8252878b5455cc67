"""A day's work in the console: applications, accounts, and channels with their posts."""

import pathlib
import tempfile

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from console_case import APPLICATION, ConsoleCase
from console_data import MARKUP, NEWS, Installation, article, text
from console_pages_test import channel
from demo_test import Tab


class ApplicationsTest(ConsoleCase):
    def test_an_application_is_made_changed_and_deleted(self):
        page = self.page
        self.sign_in_as_developer()
        page.open("/console/apps")
        page.press("a.button.primary")
        page.fill(name=MARKUP, id="1400000077", plan="trial", admins="boss\nkeeper")
        page.press("form.fields button.primary")
        key = page.find("#key").text
        self.assertRegex(key, "^[0-9a-f]{64}$")
        self.assertNotIn(key, self.driver.current_url)
        self.assert_good("app-key")

        self.driver.refresh()
        self.assertNotIn(key, page.text)
        self.assertIn(MARKUP, page.text)
        settings = "/console/apps/1400000077/settings"
        page.open(settings)
        page.fill(name="Harbour", plan="enterprise")
        page.press("form[action$='/general'] button")
        self.assertEqual(page.find("#name").get_attribute("value"), "Harbour")
        page.fill(limit_channels="7")
        page.press("form[action$='/limits'] button")
        page.find("#user").send_keys("second")
        page.press("form[action$='/add-admin'] button")
        self.assertIn("second", page.text)
        page.press_and_agree("form[action$='/rotate-key'] button")
        self.assertNotEqual(page.find("#key").text, key)
        page.open(settings)
        page.press_and_agree("form[action$='/finish-rotation'] button")
        page.press_and_agree("form[action$='/serving'] button")
        page.open("/console/apps/1400000077")
        self.assertIn("0 of 7", page.text)
        self.assertTrue(page.has(".badge.bad"))

        page.open(settings)
        page.fill(confirmation="something else")
        page.press("form[action$='/delete'] button")
        self.assertTrue(page.has("[role='alert']"))
        page.fill(confirmation="1400000077")
        page.press("form[action$='/delete'] button")
        self.assertEqual(page.path.split("?")[0], "/console/apps")
        self.assertNotIn("1400000077", page.text)
        page.open("/console/apps/1400000077")
        self.assertIn("There is no such application", page.text)
        self.assert_no_complaints()


class AccountsTest(ConsoleCase):
    def test_a_file_is_imported_with_a_bar_and_what_is_refused_is_listed(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/accounts-import")
        rows = ["UserID,Nick,FaceUrl", *(f'sailor{number},"Sailor, {number}",' for number in range(550)), "no good,x,", ""]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "accounts.csv"
            path.write_text("\r\n".join(rows), encoding="utf-8")
            page.find("#file").send_keys(str(path))
            page.find("[data-import] button.primary").click()
            page.wait(lambda: "550 imported, 1 refused" in page.find("[data-import-status]").text)
        self.assertEqual(page.find("progress").get_attribute("value"), "1")
        self.assertIn("552", page.texts("[data-import-refused] td"))
        self.assert_good("accounts-imported")

        page.open(f"{APPLICATION}/accounts")
        page.fill(q="sailor54")
        page.press("form[role='search'] button")
        self.assertEqual(page.texts("tbody th"), ["sailor54", *(f"sailor54{digit}" for digit in range(10))])

    def test_an_account_is_changed_kicked_and_deleted(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/accounts-import")
        page.fill(id="mate", nick="First mate")
        page.press("form[action$='/accounts'] button")
        path = f"{APPLICATION}/accounts/mate"
        self.assertEqual(page.path.split("?")[0], path)
        page.fill(nick=MARKUP)
        page.press("form[action$='/profile'] button")
        self.assertEqual(page.find("#nick").get_attribute("value"), MARKUP)

        window = self.driver.current_window_handle
        tab = Tab(self.driver, self.server, "mate")
        self.driver.switch_to.window(window)
        page.open(path)
        self.assertIn("Web", page.texts(".rows li")[0])
        self.assert_good("account-online")
        page.press_and_agree("form[action$='/kick'] button")
        tab.wait(lambda: tab.state != "online")
        self.driver.close()
        self.driver.switch_to.window(window)
        page.open(path)
        self.assertFalse(page.has(".rows li"))

        page.fill(confirmation="mat")
        page.press("form[action$='/delete'] button")
        self.assertTrue(page.has("[role='alert']"))
        page.fill(confirmation="mate")
        page.press("form[action$='/delete'] button")
        page.open(path)
        self.assertIn("Nothing here", page.text)


class ChannelsTest(ConsoleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = Installation(cls.server).api

    def test_the_list_is_searched_and_sorted(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/channels")
        page.fill(sort="name", q="Berth 1")
        page.press("form[role='search'] button")
        names = page.texts("tbody th a")
        self.assertEqual(names, sorted(names))
        self.assertEqual(len(names), 11)
        page.open(f"{APPLICATION}/channels")
        page.press("thead th.number a")
        self.assertEqual(page.texts("tbody .number")[0], "62")
        page.press("thead th.number a")
        self.assertEqual(page.texts("tbody .number")[0], "0")

    def test_a_channel_is_made_changed_and_destroyed(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(f"{APPLICATION}/channels/new")
        page.fill(owner="administrator", id="@TOA#_tides", name="潮" * 51, introduction="<b>Tides</b>")
        self.assertEqual(page.find("[data-count-of='name']").text, "153 / 150 bytes")
        self.assertTrue(page.has("[data-count-of='name'].over"))
        page.press("form.card button.primary")
        self.assertIn("it is a string of 153 bytes", page.text)
        self.assertEqual(page.find("#introduction").get_attribute("value"), "<b>Tides</b>")
        self.assert_good("channel-refused")
        page.fill(name="潮" * 50)
        page.press("form.card button.primary")
        self.assertIn("<b>Tides</b>", page.text)

        page.open(channel("@TOA#_tides", "/edit"))
        page.fill(name="Tides")
        page.press("form.card button.primary")
        self.assertEqual(page.find(".channel-name").text, "Tides")
        page.find(".danger-zone summary").click()
        page.fill(destroy_name="Tide")
        page.press(".danger-zone button")
        self.assertTrue(page.has("[role='alert']"))
        page.find(".danger-zone summary").click()
        page.fill(destroy_name="Tides")
        page.press(".danger-zone button")
        page.open(channel("@TOA#_tides"))
        self.assertIn("There is no such channel", page.text)

    def test_who_comes_too_late_undoes_nothing_and_keeps_what_he_typed(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(channel("@TOA#_fishing", "/edit"))
        page.fill(introduction="Typed by who was late")
        self.api.channel(
            "modify_official_account_base_info", Official_Account="@TOA#_fishing", Introduction="Written by another"
        )
        page.press("form.card button.primary")
        self.assertEqual(page.find("#introduction").get_attribute("value"), "Written by another")
        self.assertIn("Typed by who was late", page.text)
        self.assert_good("channel-too-late")
        page.fill(introduction="Typed by who was late")
        page.press("form.card button.primary")
        self.assertIn("Typed by who was late", page.text)
        self.assertTrue(page.has(".notice.good"))

    def test_subscribers_are_added_found_and_removed(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(channel("@TOA#_weather", "/subscribers"))
        page.fill(accounts="anna\ncaptain001\nnobody")
        page.press("form[action$='/add'] button.primary")
        self.assertEqual(len(page.texts(".outcomes .badge.good")), 2)
        self.assertEqual(page.find("#accounts").get_attribute("value").strip(), "nobody")
        self.assert_good("subscribers-added")
        page.fill(account="captain001")
        page.press("form.filter button")
        self.assertEqual(page.texts("tbody th"), ["captain001"])
        page.press_and_agree("tbody form button")
        page.open(channel("@TOA#_weather", "/subscribers"))
        self.assertEqual(page.texts("tbody th"), ["anna"])

    def test_every_kind_of_post_is_previewed_and_sent(self):
        page = self.page
        self.sign_in_as_developer()
        fields = {
            "text": {"text": f"Ferry 9 {MARKUP}"},
            "image": {"imageURL": "https://img.example/pier.png", "imageWidth": "800", "imageHeight": "600"},
            "article": {"articleTitle": "Night ferries", "body": "From May on.", "link": "https://harbour.example/n"},
            "custom": {"json": '[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"night"}}]'},
        }
        shown = {"text": MARKUP, "image": "pier.png", "article": "Night ferries", "custom": "night"}
        for kind, values in fields.items():
            with self.subTest(kind=kind):
                page.open(channel("@TOA#_fishing", "/compose"))
                page.find(f"input[name='kind'][value='{kind}']").click()
                page.fill(**values)
                page.wait(lambda: shown[kind] in page.find("#preview").text)
                self.assert_good(f"compose-{kind}")
                page.press_and_agree("form[data-preview] button.primary")
                self.assertIn("/posts/", page.path)
                self.assertIn(shown[kind], page.find(".preview").text)
        page.open(channel("@TOA#_fishing", "/posts"))
        self.assertEqual(len(page.texts("tbody tr")), 4)

    def test_a_refused_post_keeps_what_was_typed(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(channel(NEWS, "/compose"))
        page.find(".more summary").click()
        page.fill(text="x" * 200, pushTitle="Late")
        page.paste(cloudCustomData="y" * 12_200)
        page.press_and_agree("form[data-preview] button.primary")
        self.assertIn("The post is too long", page.text)
        self.assertEqual(page.find("#pushTitle").get_attribute("value"), "Late")
        self.assert_good("compose-refused")

    def test_the_enter_key_sends_nothing_and_sending_asks_first(self):
        page = self.page
        self.sign_in_as_developer()
        page.open(channel("@TOA#_weather", "/compose"))
        page.find("input[name='kind'][value='article']").click()
        page.fill(articleTitle="Half a title")
        page.find("#articleTitle").send_keys(Keys.ENTER)
        page.wait(lambda: "Half a title" in page.find("#preview").text)
        self.assertTrue(page.path.endswith("/compose"))
        page.find("form[data-preview] button.primary").click()
        question = self.driver.switch_to.alert
        self.assertIn("subscribers?", question.text)
        question.dismiss()
        page.open(channel("@TOA#_weather", "/posts"))
        self.assertIn("Nothing was sent yet", page.text)

    def test_a_post_reaches_who_is_online_and_is_recalled(self):
        page = self.page
        self.sign_in_as_developer()
        window = self.driver.current_window_handle
        tab = Tab(self.driver, self.server, "anna")
        self.driver.switch_to.window(window)
        page.open(channel(NEWS, "/compose"))
        page.fill(text="The swing bridge is open")
        page.press_and_agree("form[data-preview] button.primary")
        post = page.path.split("?")[0]
        page.wait(lambda: page.open(post) or page.texts(".gauges .number")[:2] == ["1", "1"])
        self.assert_good("post-received")
        page.find(".danger-zone summary").click()
        page.fill(reason="it is closed")
        page.press_and_agree(".danger-zone button")
        self.assertIn("it is closed", page.text)
        self.assertIn("It was recalled", page.text)
        self.driver.switch_to.window(tab.handle)
        self.driver.close()
        self.driver.switch_to.window(window)

    def test_markup_is_shown_as_text_wherever_it_stands(self):
        page = self.page
        self.sign_in_as_developer()
        key = self.api.send("@TOA#_markup", text(MARKUP), article(MARKUP, MARKUP), CloudCustomData=MARKUP)
        ends = ["", "/edit", "/posts", f"/posts/{key}", "/subscribers"]
        for path in [f"{APPLICATION}/channels", *(channel("@TOA#_markup", end) for end in ends)]:
            with self.subTest(page=path):
                page.open(path)
                self.assertEqual(self.driver.find_elements(By.CSS_SELECTOR, "main b:not(:empty)"), [])
                self.assertEqual(self.driver.execute_script(
                    "return [...document.scripts].filter((script) => !script.src).length"), 0)
