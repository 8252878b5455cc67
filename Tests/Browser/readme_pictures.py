"""Takes the pictures of the console that the README shows; run by `make screenshots`."""

import base64
import random
import time

from console_case import start_browser
from console_data import NEWS, Installation, article, text
from console_page import ROOT, Page
from console_pages_test import channel
from demo_test import UNLIMITED, Server, Tab

PICTURES = ROOT / "docs/images"
HEAVIEST = 200_000
# So long is watched before the monitor's picture is taken, in seconds.
WATCHED = 150


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
    driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    page.open("/console/sign-in")
    page.press("form[action$='/emulator'] button")

    page.look(1280, "dark")
    page.open("/console/monitor")
    # The same every time, so that a picture that is taken anew looks much like the one before.
    draw = random.Random(7)
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        for number in range(draw.choice((0, 0, 1, 1, 2, 4))):
            installation.api.send(NEWS, text(f"Ferry {number} leaves on time."))
        time.sleep(1)
    save(page, "console-monitor")

    page.look(1280, "light")
    key = installation.api.send(NEWS, article("Spring tides this week", "High water at 06:12 and 18:40; pier 4 is closed."))
    page.open(channel(NEWS, f"/posts/{key}"))
    page.wait(lambda: page.open(channel(NEWS, f"/posts/{key}")) or page.texts(".gauges .number")[1] == "3")
    save(page, "console-post")


def main():
    driver = start_browser()
    server = Server(*UNLIMITED)
    try:
        take(driver, server)
    finally:
        driver.quit()
        server.remove()


if __name__ == "__main__":
    main()
