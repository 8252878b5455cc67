import Handbook
import Testing

/// What Markdown becomes.
///
/// That whole pages become what they would elsewhere is compared by `Tests/Documentation/pages_test.py`.
@Suite struct MarkdownTests {
    private func html(_ markdown: String) -> String {
        HTMLWriter.html(of: BlockParser.blocks(of: markdown)) { $0 == "nowhere" ? nil : $0 }
    }

    @Test(
        "a block becomes an element",
        arguments: [
            ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"),
            ("# Title", "<h1 id=\"title\">Title</h1>\n"),
            ("#title", "<p>#title</p>\n"),
            (
                "```sh\na < b\n\n  c\n```",
                "<pre tabindex=\"0\"><code class=\"language-sh\">a &lt; b\n\n  c\n</code></pre>\n"
            ),
            ("```\nopen", "<pre tabindex=\"0\"><code>open\n</code></pre>\n"),
            ("> one\n> two", "<blockquote>\n<p>one\ntwo</p>\n</blockquote>\n"),
            ("<!-- left\nout -->\nkept", "<p>kept</p>\n"),
            ("- a\n  b\n- c", "<ul>\n<li>a\nb</li>\n<li>c</li>\n</ul>\n"),
            ("- a\n\n- b", "<ul>\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ul>\n"),
            ("3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"),
            ("1. a\n   - b\n2. c", "<ol>\n<li>a<ul>\n<li>b</li>\n</ul>\n</li>\n<li>c</li>\n</ol>\n"),
            ("a\n- b", "<p>a</p>\n<ul>\n<li>b</li>\n</ul>\n"),
            ("a\n7. b", "<p>a\n7. b</p>\n"),
        ]
    )
    func blocks(markdown: String, expected: String) {
        #expect(html(markdown) == expected)
    }

    @Test("a table has a head, rows and aligned columns; a bar in a cell is escaped")
    func tables() {
        let page = html("| a | b |\n|---|--:|\n| `x\\|y` | 1 |\n| short |\nafter")
        #expect(page.contains("<th>a</th><th class=\"right\">b</th>"))
        #expect(page.contains("<td><code>x|y</code></td><td class=\"right\">1</td>"))
        #expect(page.contains("<td>short</td><td class=\"right\"></td>"))
        #expect(html("a | b\nno table").contains("<p>"))
    }

    @Test(
        "words within a line",
        arguments: [
            ("a `b < c` d", "a <code>b &lt; c</code> d"),
            ("``a ` b``", "<code>a ` b</code>"),
            ("` `` `", "<code>``</code>"),
            ("a ` b", "a ` b"),
            ("**a** and *b*", "<strong>a</strong> and <em>b</em>"),
            ("_a_ but b_c_d", "<em>a</em> but b_c_d"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("**`a*b`**", "<strong><code>a*b</code></strong>"),
            ("[a `]` b](c.md#d)", "<a href=\"c.md#d\">a <code>]</code> b</a>"),
            ("[a](nowhere)", "a"),
            ("![a `b` \"c\"](d.svg), !", "<img src=\"d.svg\" alt=\"a b &quot;c&quot;\">, !"),
            ("![a](nowhere) ![b]", "a ![b]"),
            ("[a] (b)", "[a] (b)"),
            ("<https://a.example/?b&c>", "<a href=\"https://a.example/?b&amp;c\">https://a.example/?b&amp;c</a>"),
            ("\\*a\\* \\x", "*a* \\x"),
        ]
    )
    func inlines(markdown: String, expected: String) {
        #expect(html(markdown) == "<p>\(expected)</p>\n")
    }

    @Test(
        "whatever a page says is text and nothing else",
        arguments: [
            "<script>alert(1)</script>", "`<script>`", "# <script>", "| <script> |\n|---|\n| <script> |",
            "[<script>](<script>)", "```<script>\n<script>\n```", "> <script>", "- <script>", "<\u{301}script>",
        ]
    )
    func escaping(markdown: String) {
        #expect(!html(markdown).contains("<script"))
        #expect(!html(markdown).unicodeScalars.elementsEqual("<\u{301}script>".unicodeScalars))
    }

    @Test("a quotation mark does not end an attribute")
    func attributes() {
        #expect(html("[a](b\"c)") == "<p><a href=\"b&quot;c\">a</a></p>\n")
        #expect(html("```a\"b\n```").contains("class=\"language-a&quot;b\""))
    }

    @Test("headings have the names that they have on GitHub, each its own")
    func anchors() {
        let blocks = BlockParser.blocks(of: "# A `b`, c\n## Same\n## Same\n## x: `--part y`\n## Ünïcode 10⁵_z")
        #expect(Anchors.all(in: blocks).map(\.anchor) == ["a-b-c", "same", "same-1", "x---part-y", "ünïcode-10⁵_z"])
    }
}
