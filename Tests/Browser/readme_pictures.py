"""Takes the pictures of the console that the README shows; run by `make screenshots`."""

import base64
import shutil
import time

from selenium import webdriver

from console_data import NEWS, Installation, text
from console_page import ROOT, Page
from console_pages_test import channel
from demo_test import UNLIMITED, Server, Tab

PICTURES = ROOT / "docs/images"
HEAVIEST = 200_000
# So long is watched before the monitor's picture is taken, in seconds.
WATCHED = 90


def save(page, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    shot = page.driver.execute_cdp_cmd("Page.captureScreenshot", {})
    bytes_ = base64.b64decode(shot["data"])
    if len(bytes_) > HEAVIEST:
        raise SystemExit(f"{name} is {len(bytes_)} bytes heavy; {HEAVIEST} are allowed")
    (PICTURES / f"{name}.png").write_bytes(bytes_)


def take(driver, server):
    installation = Installation(server)
    window = driver.current_window_handle
    for user in ("anna", "captain001", "captain002"):
        Tab(driver, server, user)
    driver.switch_to.window(window)
    page = Page(driver, server.url)
    page.open("/console/sign-in")
    page.press("form[action$='/emulator'] button")

    page.look(1280, "dark")
    page.open("/console/monitor")
    end = time.monotonic() + WATCHED
    number = 0
    while time.monotonic() < end:
        for _ in range(number % 4):
            installation.api.send(NEWS, text(f"Ferry {number} leaves on time."))
            number += 1
        number += 1
        time.sleep(1)
    save(page, "console-monitor")

    page.look(1280, "light")
    key = installation.api.send(NEWS, text("Ferry 7 is delayed by twenty minutes.\nThe 08:40 leaves at 09:00."))
    page.open(channel(NEWS, f"/posts/{key}"))
    page.wait(lambda: page.open(channel(NEWS, f"/posts/{key}")) or page.texts(".gauges .number")[1] == "3")
    save(page, "console-post")


def main():
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en"):
        options.add_argument(word)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    server = Server(*UNLIMITED)
    try:
        take(driver, server)
    finally:
        driver.quit()
        server.remove()


if __name__ == "__main__":
    main()
