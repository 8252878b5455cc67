"""A page of the console as a person meets it: by mouse and keyboard, in two widths and two colour schemes.

`inspect` leaves pictures in .build/screenshots/ and returns what is wrong with the page for people: what has no name,
text that is hard to read, what the keyboard does not reach, what is wider than a phone.
"""

import base64
import pathlib

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = ROOT / ".build/screenshots"
PATIENCE = 20
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
HEAVIEST = 200_000

# What is there to see; what a closed menu or a style hides is not.
SEEN = """
const seen = (element) => element.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && !element.closest(".unseen, .skip, [hidden]");
const called = (element) => `${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} `
    + `"${(element.textContent || element.value || "").trim().slice(0, 40)}"`;
"""

# How much of the page is beyond the window's edge; a phone shows a page that is too wide smaller, and innerWidth with it.
WIDE = "const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;"

# Names, headings, landmarks and width: the same in every colour.
STRUCTURE = SEEN + WIDE + """
const faults = [];
const all = (selector) => [...document.querySelectorAll(selector)];
if (all("h1").length !== 1) faults.push(`${all("h1").length} h1`);
for (const mark of ["main", "header", "nav"]) {
    if (!document.querySelector(mark)) faults.push(`no ${mark}`);
}
if (!document.documentElement.lang) faults.push("no language");
if (!document.title.trim()) faults.push("no title");
let level = 1;
for (const heading of all("h1, h2, h3, h4, h5, h6").filter(seen)) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) faults.push(`heading skips a level: ${called(heading)}`);
    level = own;
}
const ids = all("[id]").map((element) => element.id);
for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) faults.push(`twice the id ${id}`);
const label = (element) => element.getAttribute("aria-label")
    || (element.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean)
        .map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
for (const field of all("input, select, textarea")) {
    if (field.type === "hidden") continue;
    const text = [...(field.labels ?? [])].map((one) => one.textContent).join("") + label(field);
    if (!text.trim()) faults.push(`no label: ${called(field)} ${field.name}`);
}
for (const one of all("a[href], button, summary")) {
    if (!(one.textContent.trim() || label(one))) faults.push(`no name: ${one.outerHTML.slice(0, 80)}`);
}
for (const one of all("[aria-describedby], [aria-labelledby]")) {
    for (const name of ["aria-describedby", "aria-labelledby"]) {
        for (const id of (one.getAttribute(name) ?? "").split(" ").filter(Boolean)) {
            if (!document.getElementById(id)) faults.push(`${name} names nothing: ${id}`);
        }
    }
}
for (const table of all("table")) {
    if (!table.querySelector("th")) faults.push("a table without headings");
}
for (const nav of all("nav")) {
    if (!label(nav)) faults.push("a nav without a name");
}
if (wide() > 0) {
    const width = document.documentElement.clientWidth;
    const widest = all("body *").filter((element) => element.getBoundingClientRect().right > width + 1).at(-1);
    faults.push(`${wide()} pixels too wide${widest ? ": " + called(widest) : ""}`);
}
// What does not fit scrolls, and then the keyboard must come to it, or to all that is in it; or it opens. Nothing is cut.
const isReached = (element) => element.tabIndex >= 0 || [...element.querySelectorAll("*")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()))
    .every((one) => one.closest("a[href], button"));
for (const element of all("body *").filter(seen)) {
    const style = getComputedStyle(element);
    const scrolls = /auto|scroll/.test(style.overflowX) && element.scrollWidth > element.clientWidth
        || /auto|scroll/.test(style.overflowY) && element.scrollHeight > element.clientHeight;
    if (scrolls && !isReached(element)) faults.push(`scrolls, and is not come to by keyboard: ${called(element)}`);
    const cuts = style.textOverflow === "ellipsis" && element.scrollWidth > element.clientWidth
        || style.webkitLineClamp !== "none" && element.scrollHeight > element.clientHeight;
    if (cuts) faults.push(`cut off: ${called(element)}`);
}
const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
const weight = loaded.reduce((sum, entry) => sum + entry.decodedBodySize, 0);
if (weight > arguments[0]) faults.push(`${weight} bytes heavy`);
for (const entry of loaded) {
    if (new URL(entry.name).origin !== location.origin) faults.push(`loads ${entry.name}`);
}
return faults;
"""

# WCAG 2.2, 1.4.3: 4.5 to 1, of large letters 3 to 1. What is behind a text is what its ancestors paint.
CONTRAST = SEEN + r"""
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const colour = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
};
const over = (top, below) => {
    const alpha = top[3];
    return [0, 1, 2].map((part) => top[part] * alpha + below[part] * (1 - alpha)).concat(1);
};
const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(colour(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
};
const faults = [];
let checked = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !seen(element)) continue;
    if (element.closest("script, option, datalist, :disabled")) continue;
    const style = getComputedStyle(element);
    let opacity = 1;
    for (let one = element; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
    const below = behind(element);
    const ink = colour(style.color);
    const [darker, lighter] = [light(over([...ink.slice(0, 3), ink[3] * opacity], below)), light(below)]
        .sort((left, right) => left - right);
    const ratio = (lighter + 0.05) / (darker + 0.05);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    checked += 1;
    if (ratio < needed) faults.push(`contrast ${ratio.toFixed(2)}: ${called(element)}`);
}
return checked ? faults : ["no text was looked at"];
"""

# What somebody with a keyboard can come to; where he comes to is noted in `stops` from here on.
FOCUSABLE = SEEN + """
const able = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((element) => (seen(element) || element.matches(".skip")) && !element.disabled && element.type !== "hidden"
        && !element.closest("details:not([open]) > :not(summary)"));
able.forEach((element, index) => { element.dataset.stop = index; });
window.stops = [];
if (!("isTabbed" in window)) {
    // A script may move the focus, too; that is no stop.
    document.addEventListener("keydown", (event) => { window.isTabbed = event.key === "Tab"; }, true);
    document.addEventListener("focusin", (event) => {
        if (window.isTabbed && "stop" in event.target.dataset) window.stops.push(Number(event.target.dataset.stop));
        window.isTabbed = false;
    });
}
// The keyboard goes on from where somebody was last, be it with the mouse: that is the top from here on.
const top_ = document.createElement("span");
top_.tabIndex = -1;
document.body.prepend(top_);
top_.focus();
top_.remove();
return able.map(called);
"""


class Page:
    """One window, and what a person does in it."""

    def __init__(self, driver, url):
        self.driver = driver
        self.url = url

    def open(self, path):
        self.driver.get(self.url + path)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def has(self, selector):
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def texts(self, selector):
        return [one.text for one in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    @property
    def text(self):
        return self.find("main").text

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.url)

    def wait(self, condition):
        """Waits until it holds, also where the page puts another element in place of the one that was looked at."""
        waiting = WebDriverWait(
            self.driver, PATIENCE, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException]
        )
        return waiting.until(lambda _: condition())

    def fill(self, **fields):
        """Types into fields by their IDs; an underscore stands for a hyphen. A list is chosen from by its value."""
        for name, value in fields.items():
            field = self.find("#" + name.replace("_", "-"))
            if field.tag_name == "select":
                Select(field).select_by_value(value)
            else:
                field.clear()
                field.send_keys(value)

    def paste(self, **fields):
        """As `fill`, but at once, as from the clipboard; of what is long, typing would take a while."""
        for name, value in fields.items():
            field = self.find("#" + name.replace("_", "-"))
            field.clear()
            field.click()
            self.driver.execute_cdp_cmd("Input.insertText", {"text": value})

    def press(self, selector):
        """Presses a button, and waits until the page that it leads to is there."""
        old = self.find("html")
        self.find(selector).click()
        self.wait(lambda: self._is_gone(old) and self.driver.execute_script("return document.readyState") == "complete")

    def press_and_agree(self, selector):
        """Presses a button that asks first, agrees, and waits for the page that it leads to."""
        old = self.find("html")
        self.find(selector).click()
        self.driver.switch_to.alert.accept()
        self.wait(lambda: self._is_gone(old) and self.driver.execute_script("return document.readyState") == "complete")

    @staticmethod
    def _is_gone(element):
        try:
            element.is_enabled()
            return False
        except Exception:
            return True

    def look(self, width=1280, scheme="light"):
        """How the window is from now on."""
        mobile = width < 600
        metrics = {"width": width, "height": 844 if mobile else 900, "deviceScaleFactor": 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    @property
    def width_beyond(self):
        """So many pixels of the page are beyond the window's edge."""
        return self.driver.execute_script(WIDE + "return wide()")

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def inspect(self, name):
        """What is wrong with the page that is open, in every width and scheme; a picture of each is left behind."""
        faults = []
        for width in WIDTHS:
            for scheme in SCHEMES:
                self.look(width, scheme)
                self.picture(f"{name}-{width}-{scheme}")
                faults += [f"{width} {scheme}: {fault}" for fault in self.driver.execute_script(CONTRAST)]
            faults += [f"{width}: {fault}" for fault in self.driver.execute_script(STRUCTURE, HEAVIEST)]
        self.look()
        return faults + self.keyboard()

    def keyboard(self):
        """What the Tab key does not come to, in the order of the page."""
        names = self.driver.execute_script(FOCUSABLE)
        # A field for a day has several stops, and what stands for a hidden field is no stop of its own: some need a second go.
        for _ in range(2):
            ActionChains(self.driver).send_keys(Keys.TAB * (len(names) + 5)).perform()
            reached = list(dict.fromkeys(self.driver.execute_script("return stops")))
            if len(reached) == len(names):
                break
        missing = [name for index, name in enumerate(names) if index not in reached]
        order = [] if reached == sorted(reached) else ["the keyboard jumps about"]
        return [f"not reached by keyboard: {name}" for name in missing] + order
