#!/usr/bin/env python3
"""Requests that two servers may read in two ways, sent through HAProxy and past it."""
import sys
import unittest

sys.dont_write_bytecode = True

from scene import BODY, BothSidesTest, code, exchange, post, statuses  # noqa: E402


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def attacks(path, hidden):
    """Names and bytes. What is hidden is a request of its own to whoever reads the end of the first one too early."""
    def head(*lines, version="HTTP/1.1", method="POST"):
        return b"\r\n".join([f"{method} {path} {version}".encode(), b"Host: rostrum", *lines, b"", b""])

    length = b"Content-Length: %d"
    chunked = b"Transfer-Encoding: chunked"
    whole = chunk(BODY) + b"0\r\n\r\n"
    ended = b"0\r\n\r\n" + hidden

    yield "CL.TE", head(length % len(ended), chunked) + ended
    yield "TE.CL", head(b"Content-Length: 4", chunked) + chunk(hidden) + b"0\r\n\r\n"
    for name, line in {
        "an unknown coding": b"Transfer-Encoding: xchunked",
        "a space before the colon": b"Transfer-Encoding : chunked",
        "a tab before the value": b"Transfer-Encoding:\tchunked",
        "a vertical tab before the value": b"Transfer-Encoding:\x0bchunked",
        "a folded line": b"Transfer-Encoding:\r\n chunked",
        "a line that begins with a space": b" Transfer-Encoding: chunked",
        "a name behind a bare LF": b"X: y\nTransfer-Encoding: chunked",
        "a name behind a bare CR": b"X: y\rTransfer-Encoding: chunked",
        "identity behind": b"Transfer-Encoding: chunked, identity",
        "identity before": b"Transfer-Encoding: identity, chunked",
        "gzip before": b"Transfer-Encoding: gzip, chunked",
        "chunked twice": b"Transfer-Encoding: chunked, chunked",
        "quotation marks": b'Transfer-Encoding: "chunked"',
        "two lines": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "two lines, the other way round": b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "a NUL": b"Transfer-Encoding: chunked\0",
        "capitals": b"TRANSFER-ENCODING: CHUNKED",
        "an underscore": b"Transfer_Encoding: chunked",
    }.items():
        yield f"CL.TE with {name}", head(length % len(ended), line) + ended
        yield f"TE.CL with {name}", head(b"Content-Length: 4", line) + chunk(hidden) + b"0\r\n\r\n"
    for name, lines in {
        "two": (b"Content-Length: 0", length % len(hidden)),
        "two the other way round": (length % len(hidden), b"Content-Length: 0"),
        "the same twice": (length % len(hidden), length % len(hidden)),
        "a list": (b"Content-Length: 0, %d" % len(hidden),),
        "a list of the same": (b"Content-Length: %d, %d" % (len(hidden), len(hidden)),),
        "a plus": (b"Content-Length: +0",),
        "a minus": (b"Content-Length: -1",),
        "hexadecimal": (b"Content-Length: 0x0",),
        "nothing": (b"Content-Length:",),
        "a space inside": (b"Content-Length: 0 0",),
        "a space before the colon": (b"Content-Length : 0",),
        "folded": (b"Content-Length:\r\n 0",),
        "beyond 64 bits": (b"Content-Length: 18446744073709551616",),
        "an underscore": (b"Content_Length: %d" % len(hidden),),
    }.items():
        yield f"lengths: {name}", head(*lines) + hidden
    for name, data in {
        "an extension": b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
        "an extension with a bare LF": b"%x;a\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) + hidden,
        "a request in an extension": b"%x;%s\r\n%s\r\n0\r\n\r\n" % (len(BODY), hidden.split(b"\r\n")[0], BODY),
        "a bare LF behind a size": b"%x\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) + hidden,
        "a bare CR behind a size": b"%x\r%s\r\n0\r\n\r\n" % (len(BODY), BODY) + hidden,
        "a space behind a size": b"%x \r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
        "0x": b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) + hidden,
        "a minus": b"-1\r\n\r\n" + hidden,
        "a size beyond 64 bits": b"10000000000000000\r\n" + hidden,
        "no CRLF behind the data": b"%x\r\n%sXX0\r\n\r\n" % (len(BODY), BODY) + hidden,
        "trailers": b"%x\r\n%s\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" % (len(BODY), BODY),
        "a last chunk without its end": b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY) + hidden,
    }.items():
        yield f"chunks: {name}", head(chunked) + data
    yield "chunks in HTTP/1.0", head(chunked, version="HTTP/1.0") + whole + hidden
    yield "chunks in HTTP/1.0 that goes on", head(b"Connection: keep-alive", chunked, version="HTTP/1.0") + whole + hidden
    yield "a length that Connection takes away", head(b"Connection: Content-Length", length % len(hidden)) + hidden
    yield "chunks that Connection takes away", head(b"Connection: close, Transfer-Encoding", chunked) + whole + hidden
    yield "a GET with a body", head(length % len(hidden), method="GET") + hidden
    yield "a HEAD with a body", head(length % len(hidden), method="HEAD") + hidden
    yield "an expectation", head(b"Expect: 100-continue", length % len(hidden)) + hidden
    yield "two hosts", head(b"Host: other", length % len(BODY)) + BODY
    yield "a bare LF after every line", head(length % len(hidden)).replace(b"\r\n", b"\n") + hidden
    yield "a bare CR after a line", head(length % len(BODY)).replace(b"\r\n", b"\r", 1) + BODY
    yield "a request line with a tab", head(length % len(BODY)).replace(b" HTTP", b"\tHTTP") + BODY
    yield "a request line with more behind", head(length % len(BODY), version="HTTP/1.1 x") + BODY
    yield "another version", head(length % len(BODY), version="HTTP/1.2") + BODY
    yield "HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden
    yield "an upgrade to h2c", head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c",
                                    b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", length % len(BODY)) + BODY + hidden
    yield "an upgrade that is refused", head(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 777",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", method="GET").replace(path.encode(), b"/v4/ws") + hidden


class SmugglingTest(BothSidesTest):
    def test_a_request_is_counted_once_on_both_sides(self):
        """Without which the other tests would show nothing."""
        open_one = post(self.path, BODY)
        with self.counted() as counts:
            self.assertEqual(statuses(exchange(self.proxy.port, open_one)), [200])
            both = exchange(self.proxy.port, self.hidden + open_one)
        self.assertEqual((statuses(both), code(both)), ([200, 200], 0))
        self.assertEqual(counts, [3, 3, 1])

    def test_a_second_request_that_the_proxy_did_not_see_would_be_noticed(self):
        """Two at once on the server's own port are what a smuggled one would be there, also behind one that is not counted."""
        with self.counted() as counts:
            self.assertEqual(statuses(exchange(self.server.port, self.hidden * 2)), [200, 200])
        self.assertEqual(counts, [0, 2, 2])
        first = b"GET /healthz HTTP/1.1\r\nHost: rostrum\r\n\r\n"
        with self.counted() as counts:
            answer = exchange(self.server.port, first + self.hidden)
        self.assertEqual(statuses(answer), [200, 200])
        self.assertEqual(counts, [0, 1, 1])
        with self.assertRaises(AssertionError):
            self.assert_nothing_smuggled([1, 1, 1], answer)

    def test_the_server_sees_no_request_that_the_proxy_did_not_send(self):
        tried = 0
        for name, data in attacks(self.path, self.hidden):
            with self.subTest(name):
                with self.counted() as counts:
                    answer = exchange(self.proxy.port, data)
                self.assert_nothing_smuggled(counts, answer)
                self.assertLessEqual(len([status for status in statuses(answer) if status == 200]), counts[0], answer)
                tried += 1
        self.assertGreater(tried, 60)
        self.assertEqual(code(exchange(self.proxy.port, post(self.path, BODY))), 0)

    def test_the_server_itself_refuses_what_can_be_read_in_two_ways(self):
        """Whatever stands before it: another proxy may read it the other way."""
        ambiguous = [
            "CL.TE", "TE.CL", "CL.TE with identity before", "CL.TE with two lines", "CL.TE with a space before the colon",
            "CL.TE with capitals", "lengths: two", "lengths: two the other way round", "lengths: a list",
            "lengths: a plus", "lengths: a minus", "lengths: hexadecimal", "lengths: a space inside",
            "lengths: a space before the colon", "lengths: beyond 64 bits", "chunks: 0x", "chunks: a minus",
            "chunks: a size beyond 64 bits", "chunks: no CRLF behind the data", "a request line with more behind",
        ]
        known = dict(attacks(self.path, self.hidden))
        for name in ambiguous:
            with self.subTest(name):
                before = self.server.counted_calls()
                answer = exchange(self.server.port, known[name])
                self.assertNotIn(b'"ErrorCode":0,', answer)
                # A call that is being read already is refused as one; in either case nothing more is read.
                refusals = [b" 400 " in answer.split(b"\r\n")[0], b'"ErrorCode":60008,' in answer]
                self.assertEqual((refusals.count(True), len(statuses(answer))), (1, 1), answer)
                self.assertLessEqual(self.server.counted_calls() - before, 1)

    def test_a_caller_cannot_choose_the_address_that_is_believed(self):
        """HAProxy adds its own entry behind whatever stands in the header."""
        marked = post(self.path, BODY, ["X-Forwarded-For: 203.0.113.66", "X-Forwarded-For: 203.0.113.67"])
        self.assertEqual(code(exchange(self.proxy.port, marked, source="127.0.0.2")), 0)
        self.server.wait_until(lambda: "client.address=127.0.0.2 " in self.server.log.read_text(), "the call is logged")
        self.assertNotIn("203.0.113.67", self.server.log.read_text())


if __name__ == "__main__":
    unittest.main()
