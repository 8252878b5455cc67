"""The documentation in headless Chromium, for everybody; run by `make browser`, and needs what demo_test.py needs."""

import unittest

from console_case import ConsoleCase


class DocumentationTest(ConsoleCase):
    # One of each kind: a list, code, long names, wide tables, the longest, quotations, nothing.
    PAGES = {
        "docs": "/docs",
        "docs-quick-start": "/docs/quick-start",
        "docs-command": "/docs/commands/official_account_msg_get_simple",
        "docs-receivers": "/docs/webhook-receivers",
        "docs-operating": "/docs/operating",
        "docs-compatibility": "/docs/compatibility",
        "docs-sdk": "/docs/sdk-javascript",
        "docs-missing": "/docs/nothing",
    }

    def test_every_kind_of_page_is_for_everybody(self):
        for name, path in self.PAGES.items():
            with self.subTest(page=name):
                self.page.open(path)
                self.assert_good(name)

    def test_who_reads_comes_from_page_to_page(self):
        self.page.open("/docs")
        self.page.press("nav.contents a[href='/docs/quick-start']")
        self.assertEqual(self.page.find("nav.contents [aria-current='page']").text, "Quick start")
        self.page.press("footer a.after")
        self.assertEqual(self.page.find("h1").text, "Concepts")
        self.page.press("footer a.before")
        self.assertEqual(self.page.find("h1").text, "Quick start")
        self.page.open("/docs/commands/kick")
        self.assertEqual(self.page.find("nav.contents [aria-current='true']").text, "Commands")

    def test_a_phone_has_the_list_of_pages_below_the_text(self):
        self.page.look(390)
        self.page.open("/docs/concepts")
        self.page.find("header .to-pages").click()
        top = "return document.querySelector('#pages').getBoundingClientRect().top"
        self.page.wait(lambda: 0 <= self.driver.execute_script(top) < 844)


if __name__ == "__main__":
    unittest.main(verbosity=2)
