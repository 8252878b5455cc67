"""The documentation as `rostrum dev` serves it, and what its pages tell people to paste into a shell.

Run by `make docs-test`; needs bash, curl, and markdown-it-py from PyPI.
"""

import html.parser
import json
import os
import pathlib
import posixpath
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

import markdown_it
from emulator import BINARY, PATIENCE, ROOT, Emulator

sys.path.append(str(ROOT / "deploy"))

from loopback.programs import free_ports  # noqa: E402

PAGES, FIGURES = (sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob(f"*.{kind}")) for kind in ("md", "svg"))


class Outline(html.parser.HTMLParser):
    """What a page is made of: elements and words in their order, and what it links to and loads."""

    EMPTY = {"meta", "link", "br", "img"}

    def __init__(self, text, inside=None):
        super().__init__()
        self.parts, self.ids, self.links, self.loads, self.unsafe, self.open = [], [], [], [], [], []
        self.inside, self.depth = inside, 0 if inside else 1
        self.hidden = None
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        elif "src" in given or "href" in given:
            self.loads.append(given.get("src") or given["href"])
        self.unsafe += [name for name in given if name.startswith("on") or name == "style"]
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == self.inside:
            self.depth += 1
        elif tag == "a" and given.get("class") == "anchor":
            self.hidden = len(self.open)
        elif self.depth and tag != "div":
            aligned = given.get("style", "").replace("text-align:center", "centre").replace("text-align:", "")
            detail = given["href"] if tag == "a" else given.get("class", aligned) if tag in ("td", "th") else ""
            if tag == "img":
                detail = (given["src"], given["alt"])
            self.parts.append((tag, detail))

    def handle_endtag(self, tag):
        # The other renderer closes them.
        if tag in self.EMPTY:
            return
        assert self.open and self.open[-1] == tag, f"</{tag}> within {self.open}"
        if self.hidden == len(self.open):
            self.hidden = None
        elif tag == self.inside:
            self.depth -= 1
        elif self.depth and tag != "div":
            self.parts.append(("/" + tag,))
        self.open.pop()

    def handle_data(self, data):
        if not self.depth or self.hidden:
            return
        text = data if "pre" in self.open else re.sub(r"\s+", " ", data)
        if self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += text
        else:
            self.parts.append(text)

    def shown(self):
        """The parts without the spaces that no reader sees."""
        words = [part if isinstance(part, tuple) else part.strip() for part in self.parts]
        return [part for part in words if part]


def address(page):
    return "/" + re.sub(r"(/README)?\.md$", "", page)


def target(link, page):
    """Where a link of a page leads when it is served; None when to nowhere."""
    if re.match(r"https?://|#", link):
        return link
    path, _, anchor = link.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    if path in FIGURES:
        return "/" + path
    if not (path in PAGES or path.startswith("examples/")):
        return None
    place = address(path) if path in PAGES else "/docs/" + path
    return f"{place}#{anchor}" if anchor else place


def reference(page):
    """The page as markdown-it makes it, with links as they are when it is served."""
    text = re.sub(r"^<!--.*?-->\n", "", (ROOT / page).read_text(), flags=re.M | re.S)
    renderer = markdown_it.MarkdownIt("commonmark", {"html": False}).enable("table")
    parts, hidden = [], []
    for part in Outline(renderer.render(text)).shown():
        if isinstance(part, tuple) and part[0] == "a":
            place = target(urllib.parse.unquote(part[1]), page)
            hidden.append(place is None)
            if place is None:
                continue
            part = ("a", place)
        elif isinstance(part, tuple) and part[0] == "img":
            part = ("img", (target(part[1][0], page), part[1][1]))
        elif part == ("/a",) and hidden.pop():
            continue
        # What stood around a link that is none now is one text.
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += " " + part
        else:
            parts.append(part)
    return parts


def words(parts):
    """Without spaces in texts, which the lost link may have had around it."""
    return [part if isinstance(part, tuple) else re.sub(r"\s", "", part) for part in parts]


def fences(page):
    """The language and text of each block of code."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), flags=re.M | re.S)


def masked(value):
    """A reply without what differs from run to run: times, keys that hold one, the request's number."""
    if isinstance(value, dict):
        return {name: "…" if name == "RequestId" else masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, int) and value > 1_600_000_000:
        return "TIME"
    return re.sub(r"^(\d+_\d+)_\d{10}$", r"\1_TIME", value) if isinstance(value, str) else value


def run(blocks, emulator, directory, environment=None, comes=()):
    """What each block printed, pasted one after the other into one shell, which stays until certain texts have come, too."""
    mark = "-- end of a block --"
    # The mark is on a line of its own also where a program in the background is within one.
    script = "".join(f"{block}\nprintf -- '\\n{mark}\\n'\n" for block in [*blocks, "sleep infinity"])
    script = script.replace("http://127.0.0.1:8080", emulator.url)
    places = {"PATH": f"{BINARY.parent}:{os.environ['PATH']}", **(environment or {})}
    shell = subprocess.Popen(
        ["bash", "-eu", "-o", "pipefail"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=directory, env={**os.environ, **places}, start_new_session=True,
    )
    # Whatever was left in the background holds the other end of what is read here.
    alarm = threading.Timer(PATIENCE, end, [shell])
    alarm.start()
    try:
        shell.stdin.write(script)
        shell.stdin.close()
        printed, current, missing = [], [], set(comes)
        for line in shell.stdout:
            missing = {text for text in missing if text not in line}
            if line.strip() == mark:
                printed.append(current)
                current = []
            else:
                current.append(line.rstrip("\n"))
            if len(printed) == len(blocks) and not missing:
                break
        if len(printed) < len(blocks):
            raise AssertionError(f"the shell ended within:\n{blocks[len(printed)]}\n{current}")
        if missing:
            raise AssertionError(f"did not come: {missing}\n{printed}\n{current}")
        return printed
    finally:
        alarm.cancel()
        end(shell)
        shell.stdout.close()
        shell.wait(PATIENCE)


def end(shell):
    try:
        os.killpg(shell.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass


def reply(lines):
    """The last reply in what was printed, wherever on its line it begins."""
    text = "\n".join(lines)
    return json.JSONDecoder().raw_decode(text, text.rindex('{"ActionStatus"'))[0]


class PagesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.emulator = Emulator(cls.directory.name)

    @classmethod
    def tearDownClass(cls):
        cls.emulator.end()
        cls.directory.cleanup()

    def get(self, path):
        """Status, headers and text."""
        try:
            with urllib.request.urlopen(self.emulator.url + path, timeout=PATIENCE) as reply:
                return reply.status, reply.headers, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def test_every_link_from_the_first_page_on_leads_somewhere(self):
        seen, waiting, figures = {}, ["/docs"], {"/" + figure for figure in FIGURES}
        while waiting:
            path = waiting.pop()
            status, headers, body = self.get(path)
            self.assertEqual(status, 200, path)
            if not headers["content-type"].startswith("text/html"):
                kind = "image/svg+xml" if path in figures else "text/plain"
                self.assertTrue(headers["content-type"].startswith(kind), path)
                seen[path] = None
                continue
            page = seen[path] = Outline(body)
            self.assertEqual(len(page.ids), len(set(page.ids)), path)
            self.assertEqual(set(page.loads) - figures, {"data:,", "/docs/docs.css"}, path)
            waiting += sorted(set(page.loads) & figures - seen.keys())
            self.assertEqual(page.unsafe, [], path)
            for link in page.links:
                place = link.partition("#")[0]
                if place.startswith("/docs") and place not in seen and place not in waiting:
                    waiting.append(place)
        for path, page in seen.items():
            for link in page.links if page else []:
                place, _, anchor = link.partition("#")
                if anchor and not place.startswith("http"):
                    self.assertIn(urllib.parse.unquote(anchor), seen[place or path].ids, f"{path}: {link}")
        self.assertLessEqual({address(page) for page in PAGES} | figures, set(seen))

    def test_pages_load_nothing_from_elsewhere_and_run_nothing(self):
        for path in ("/docs", "/docs/quick-start", "/docs/docs.css", "/docs/no-such-page"):
            status, headers, body = self.get(path)
            self.assertEqual(status, 404 if "no-such" in path else 200)
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertNotIn("unsafe", headers["content-security-policy"])
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertNotIn("<script", body)
            self.assertNotIn("@import", body)

    def test_pages_say_what_another_renderer_makes_of_their_markdown(self):
        for page in PAGES:
            with self.subTest(page):
                served = Outline(self.get(address(page))[2], inside="article").shown()
                self.assertEqual(words(served), words(reference(page)))

    def test_receivers_on_the_page_are_those_that_are_run(self):
        files = {
            "python": "python/receiver.py", "js": "node/receiver.mjs", "go": "go/main.go", "java": "java/Receiver.java",
            "swift": "swift/Sources/webhook-receiver/Verification.swift",
        }
        blocks = dict(fences("docs/webhook-receivers.md"))
        self.assertEqual(set(blocks), set(files))
        for language, block in blocks.items():
            self.assertIn(block, (ROOT / "examples/webhooks" / files[language]).read_text(), language)


class SamplesTest(unittest.TestCase):
    maxDiff = None

    def test_each_command_answers_as_its_page_says(self):
        pages = [page for page in PAGES if page.startswith("docs/commands/") and not page.endswith("README.md")]
        self.assertGreater(len(pages), 10)
        for page in pages:
            with self.subTest(page), tempfile.TemporaryDirectory() as directory, Emulator(directory) as emulator:
                blocks = [text for language, text in fences(page) if language == "sh"]
                [expected] = [json.loads(text) for language, text in fences(page) if language == "json"]
                printed = run(blocks, emulator, directory)
                self.assertEqual(masked(reply(printed[-1])), masked(expected))

    def test_the_quick_start_works_as_it_stands(self):
        with tempfile.TemporaryDirectory() as directory:
            place = pathlib.Path(directory)
            (place / ".build/debug").mkdir(parents=True)
            shutil.copy(BINARY, place / ".build/debug/rostrum")
            (place / "examples").symlink_to(ROOT / "examples")
            [port] = free_ports(1)
            with Emulator("rostrum-data", inside=directory) as emulator:
                steps = [
                    (language, text.replace("127.0.0.1:9000", f"127.0.0.1:{port}"))
                    for language, text in fences("docs/quick-start.md")
                ]
                # The first ones clone and start what is tested.
                begin = next(place for place, (_, text) in enumerate(steps) if text.startswith("export PATH"))
                steps = steps[begin:]
                blocks = [text for language, text in steps if language == "sh"]
                comments = [line.rstrip("…") for language, text in steps if language not in ("sh", "json")
                            for line in text.splitlines()]
                # What the receiver is told afterwards comes a moment later.
                output = run(blocks, emulator, directory, {"PORT": str(port)}, comments)
                printed, lines = iter(output), []
                for language, text in steps:
                    if language == "sh":
                        lines = next(printed)
                    elif language == "json":
                        self.assertEqual(masked(reply(lines)), masked(json.loads(text)))


if __name__ == "__main__":
    unittest.main()
