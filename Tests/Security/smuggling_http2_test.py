#!/usr/bin/env python3
"""Requests in HTTP/2 that may become others, or more, when HAProxy writes them as HTTP/1.1."""
import sys
import unittest

sys.dont_write_bytecode = True

from http2 import (  # noqa: E402
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, PUSH_PROMISE, RST_STREAM, block, body, converse, frame,
    headers, request, statuses,
)
from scene import BODY, BothSidesTest, code, exchange, post  # noqa: E402

# What ends a line, or the text, for one reader and not for another.
ENDS = {"CR LF": "\r\n", "a bare LF": "\n", "a bare CR": "\r", "a NUL": "\0"}


def fields(path, *more, method="POST", scheme="http", authority="rostrum"):
    return [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority), *more]


def attacks(path, hidden):
    """Names and frames, those apart that come later. What is hidden is a request to whoever ends the first too early."""
    text = hidden.decode()
    ended = b"0\r\n\r\n" + hidden
    length = ("content-length", str(len(ended)))
    chunked = ("transfer-encoding", "chunked")

    def whole(*more, data=ended, **pseudo):
        return request(fields(pseudo.pop("path", path), *more, **pseudo), data)

    yield "H2.CL", whole(("content-length", "0"), data=hidden)
    yield "H2.TE", whole(chunked)
    yield "H2.TE with a length", whole(length, chunked)
    for name, values in {
        "smaller than the data": [len(BODY)],
        "larger than the data": [len(BODY + hidden) + 99],
        "two": [0, len(BODY + hidden)],
        "two the other way round": [len(BODY + hidden), 0],
        "the same twice": [len(BODY + hidden)] * 2,
        "a list": [f"0, {len(BODY + hidden)}"],
        "a list of the same": [f"{len(BODY + hidden)}, {len(BODY + hidden)}"],
        "a plus": ["+0"],
        "a minus": ["-1"],
        "hexadecimal": ["0x0"],
        "nothing": [""],
        "a space inside": ["0 0"],
        "beyond 64 bits": ["18446744073709551616"],
    }.items():
        yield f"lengths: {name}", whole(*[("content-length", str(value)) for value in values], data=BODY + hidden)
    for name, field in {
        "capitals in the value": ("transfer-encoding", "CHUNKED"),
        "an unknown coding": ("transfer-encoding", "xchunked"),
        "identity behind": ("transfer-encoding", "chunked, identity"),
        "identity before": ("transfer-encoding", "identity, chunked"),
        "a space before the value": ("transfer-encoding", " chunked"),
        "a tab before the value": ("transfer-encoding", "\tchunked"),
        "a vertical tab before the value": ("transfer-encoding", "\x0bchunked"),
        "a NUL behind the value": ("transfer-encoding", "chunked\0"),
        "capitals in the name": ("Transfer-Encoding", "chunked"),
        "an underscore": ("transfer_encoding", "chunked"),
        "a space behind the name": ("transfer-encoding ", "chunked"),
        "a space before the name": (" transfer-encoding", "chunked"),
        "a tab behind the name": ("transfer-encoding\t", "chunked"),
        "a vertical tab behind the name": ("transfer-encoding\x0b", "chunked"),
        "a colon behind the name": ("transfer-encoding:", "chunked"),
        "a colon and the value in the name": ("transfer-encoding: chunked", ""),
        "a colon and a space in the name": ("transfer-encoding: chunked, x", "y"),
        "a byte beyond ASCII in the name": ("transfer-encoding\xa0", "chunked"),
        "an empty name": ("", ": chunked\r\ntransfer-encoding"),
    }.items():
        yield f"H2.TE: {name}", whole(field)
        yield f"H2.TE with a length: {name}", whole(length, field)
    for name, end in ENDS.items():
        line = f"{end}transfer-encoding: chunked"
        last = f"{end}{end}{text}"
        yield f"{name} in a value", whole(length, ("x", f"y{line}"))
        yield f"{name} in a name", whole(length, (f"x: y{line[:-9]}", "chunked"))
        yield f"{name} in a cookie", whole(length, ("cookie", f"x=y{line}"))
        yield f"{name} in the host", whole(length, ("host", f"rostrum{line}"))
        yield f"{name} in :path", whole(length, path=f"{path} HTTP/1.1{line}{end}x: y")
        yield f"{name} in :method", whole(length, method=f"POST {path} HTTP/1.1{line}{end}x: y")
        yield f"{name} in :authority", whole(length, authority=f"rostrum{line}")
        yield f"{name} in :scheme", whole(length, scheme=f"http://rostrum{path} HTTP/1.1{line}{end}x: y")
        yield f"{name} in a trailer", request(fields(path), BODY, [("x", f"y{last}")])
        yield f"a request behind {name} in a value", whole(("x", f"y{last}"), data=BODY)
        yield f"a request behind {name} in a name", whole((f"x: y{last}", "z"), data=BODY)
        yield f"a request behind {name} in :path", whole(path=f"{path} HTTP/1.1{end}host: rostrum{last}", data=BODY)
        yield f"a request behind {name} in :method", whole(method=f"{text}GET", data=BODY)
        yield f"a request behind {name} in :authority", whole(authority=f"rostrum{last}", data=BODY)
    yield "CR LF at the end of a value", whole(length, ("x", "y\r\n"), chunked)
    yield "CR LF alone as a value", whole(length, ("x", "\r\n\r\n" + text))
    yield "a folded line in a value", whole(length, ("x", "y\r\n z"), ("transfer_encoding", "chunked"))

    yield "a request line in :method", whole(method=f"POST {path} HTTP/1.1", data=hidden)
    yield "a method with a space", whole(method="POST /v4/x", data=hidden)
    yield "a method in small letters", whole(method="post", data=hidden)
    yield "no method", whole(method="", data=hidden)
    yield "HTTP/2's preface as a request", whole(method="PRI", path="*", data=b"SM\r\n\r\n" + hidden)
    yield "a version in :path", whole(path=f"{path} HTTP/1.0", data=hidden)
    yield "a tab in :path", whole(path=f"{path}\tHTTP/1.1", data=hidden)
    yield "a fragment in :path", whole(path=f"{path}#x", data=BODY)
    yield "no path", whole(path="", data=hidden)
    yield "a path without its slash", whole(path=path[1:], data=hidden)
    yield "an asterisk", whole(path="*", data=hidden)
    yield "an asterisk for OPTIONS", whole(path="*", method="OPTIONS", data=hidden)
    yield "the absolute form in :path", whole(path=f"http://other{path}", data=BODY)
    yield "another scheme", whole(scheme="ftp", data=BODY)
    yield "a path in :authority", whole(authority=f"rostrum{path}", data=BODY)
    yield "somebody in :authority", whole(authority="anna@rostrum", data=BODY)
    yield "a space in :authority", whole(authority="rostrum x", data=BODY)
    yield "no authority", whole(authority="", data=BODY)
    for index, (name, value) in enumerate(fields(path, method="GET", authority="other")):
        pseudo = fields(path)
        yield f"two of {name}", request([*pseudo, (name, value)], hidden)
        yield f"{name} behind a field", request([*pseudo[:index], *pseudo[index + 1:], ("x", "y"), (name, value)], hidden)
        yield f"without {name}", request(pseudo[:index] + pseudo[index + 1:], hidden)
    yield "an unknown pseudo field", whole((":x", "y"), data=hidden)
    yield "a pseudo field of answers", whole((":status", "200"), data=hidden)
    yield "a pseudo field in capitals", whole((":Path", path), data=hidden)
    yield "a host that is not :authority", whole(("host", "other"), data=BODY)
    yield "two hosts", whole(("host", "rostrum"), ("host", "other"), data=BODY)
    yield "a host with a space", whole(("host", "rostrum x"), data=BODY)
    for name, value in {
        "connection": "keep-alive", "proxy-connection": "keep-alive", "keep-alive": "timeout=5", "upgrade": "h2c",
        "te": "trailers", "http2-settings": "AAMAAABkAARAAAAAAAIAAAAA", "expect": "100-continue",
    }.items():
        yield f"the field {name}", whole(length, (name, value))
    yield "a length that Connection takes away", whole(length, ("connection", "content-length"))
    yield "te: chunked", whole(length, ("te", "chunked"))
    yield "te: trailers, chunked", whole(length, ("te", "trailers, chunked"))
    yield "a trailer that is announced", (
        request(fields(path, ("trailer", "content-length")), BODY, [("content-length", "0")]))
    for name, value in {"content-length": "5", "transfer-encoding": "chunked", ":path": path, "host": "other", "x": "y",
                        "X": "y", "x y": "z", "connection": "keep-alive", f"x: y\r\n\r\n{text}": "z"}.items():
        yield f"a trailer: {name[:20]!r}", request(fields(path), BODY, [(name, value)])
    yield "trailers that end no stream", (
        headers(fields(path)) + frame(DATA, BODY) + headers([("x", "y")]) + frame(DATA, hidden, END_STREAM))

    tunnel = [(":method", "CONNECT"), (":authority", "rostrum:80")]
    yield "CONNECT", request(tunnel, hidden)
    yield "CONNECT, and a request once it is answered", headers(tunnel), frame(DATA, hidden), frame(DATA, hidden)
    yield "CONNECT with a path", whole(method="CONNECT", data=hidden)
    yield "CONNECT that injects", request([(":method", "CONNECT"), (":authority", f"rostrum HTTP/1.1\r\n\r\n{text}")])
    places = {"with nobody in it": "/v4/ws", "of a user": "/v4/ws" + path[path.index("?"):], "in place of a command": path}
    for version in ("13", "777"):
        for name, place in places.items():
            live = fields(place, (":protocol", "websocket"), ("sec-websocket-version", version), method="CONNECT")
            name = f"a WebSocket of version {version} {name}"
            yield name, headers(live) + frame(DATA, hidden)
            yield f"{name}, and a request once it is answered", headers(live), frame(DATA, hidden), frame(DATA, hidden)
            yield f"{name} that ends", request(live, hidden)
            yield f"{name} with a length", headers([*live, ("content-length", str(len(hidden)))]), frame(DATA, hidden)
    yield "an unknown protocol", headers(fields("/v4/ws", (":protocol", "x"), method="CONNECT")) + frame(DATA, hidden)
    yield "a protocol that injects", headers(
        fields("/v4/ws", (":protocol", f"websocket\r\n\r\n{text}"), method="CONNECT")) + frame(DATA, hidden)
    yield "a protocol without CONNECT", whole((":protocol", "websocket"), method="GET", path="/v4/ws", data=hidden)
    yield "an upgrade as in HTTP/1.1", whole(
        ("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "777"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="), method="GET", path="/v4/ws", data=hidden)

    yield "a cookie in many", whole(length, *[("cookie", f"x{number}=y") for number in range(60)])
    yield "a request in many cookies", whole(*[("cookie", part) for part in text.splitlines(True)], data=BODY)
    yield "many fields", whole(length, *[(f"x{number}", "y") for number in range(90)])
    yield "more fields than there is room for", whole(length, *[(f"x{number}", "y") for number in range(300)])
    yield "a long field", whole(length, ("x", "y" * 14000))
    yield "a field that is longer than a frame", whole(length, ("x", "y" * 20000))
    yield "a GET with a body", whole(method="GET", data=hidden)
    yield "a GET with a length", whole(("content-length", "0"), method="GET", data=hidden)
    yield "a HEAD with a body", whole(method="HEAD", data=hidden)
    yield "a HEAD with a length", whole(("content-length", str(len(hidden))), method="HEAD", data=hidden)

    for field in length, chunked:
        fragments = block(fields(path, ("x", "y"), field))
        middle = fragments.index(field[0].encode()) + 9
        rest = frame(CONTINUATION, fragments[middle:], END_HEADERS)
        yield f"a CONTINUATION in the middle of {field[0]}", (
            frame(HEADERS, fragments[:middle]) + rest + frame(DATA, ended, END_STREAM))
    yield "a CONTINUATION of each byte", b"".join(
        [frame(HEADERS), *[frame(CONTINUATION, bytes([byte])) for byte in block(fields(path))],
         frame(CONTINUATION, b"", END_HEADERS), frame(DATA, hidden, END_STREAM)])
    yield "DATA before a CONTINUATION", (
        frame(HEADERS, fragments[:middle]) + frame(DATA, ended, END_STREAM) + rest)
    yield "a CONTINUATION of another stream", (
        frame(HEADERS, fragments[:middle]) + frame(CONTINUATION, fragments[middle:], END_HEADERS, 3))
    begun = headers(fields(path))
    yield "a CONTINUATION behind the last", begun + frame(CONTINUATION, block([chunked]), END_HEADERS)
    short = b"GET /v4/x/y HTTP/1.1\r\nHost: rostrum\r\n\r\n"
    yield "padding", begun + frame(DATA, b"\x08" + BODY + bytes(8), END_STREAM | PADDED)
    yield "a request in the padding", begun + frame(DATA, bytes([len(short)]) + BODY + short, END_STREAM | PADDED)
    # HAProxy 2.6 reads this one, and so sends two.
    inner = headers(fields("/v4/x/y"), True, 3)
    yield "a request of HTTP/2 in the padding", begun + frame(DATA, bytes([len(inner)]) + BODY + inner, END_STREAM | PADDED)
    yield "more padding than data", begun + frame(DATA, b"\xff" + BODY, END_STREAM | PADDED)
    yield "padding as long as the data", begun + frame(DATA, bytes([len(BODY)]) + BODY, END_STREAM | PADDED)
    yield "padding of fields", (
        frame(HEADERS, bytes([len(short)]) + block(fields(path)) + short, END_HEADERS | PADDED)
        + frame(DATA, ended, END_STREAM))
    for name, more in {
        "DATA": frame(DATA, hidden, END_STREAM),
        "fields": headers([("content-length", "5"), chunked], True),
        "a second request": whole(data=BODY),
        "a CONTINUATION": frame(CONTINUATION, block([chunked]), END_HEADERS),
        "a request of HTTP/1.1": hidden,
    }.items():
        yield f"{name} behind the end", whole(data=BODY) + more
        yield f"{name} behind the end, later", whole(data=BODY), more
    yield "a request on the stream before", request(fields(path), BODY, stream=3) + whole(data=BODY)
    yield "a stream of the server's", request(fields(path), BODY, stream=2)
    yield "no stream", request(fields(path), BODY, stream=0)
    yield "DATA without fields", frame(DATA, hidden, END_STREAM)
    yield "a promise", frame(PUSH_PROMISE, b"\0\0\0\2" + block(fields(path)), END_HEADERS) + frame(DATA, hidden, END_STREAM)
    yield "a request that is taken back", begun + frame(DATA, hidden), frame(RST_STREAM, b"\0\0\0\x08")
    yield "a request that is taken back before its last byte", (
        headers(fields(path, length)) + frame(DATA, ended[:-1])), frame(RST_STREAM, b"\0\0\0\x08")
    yield "a length that is passed later", (
        headers(fields(path, ("content-length", str(len(BODY))))) + frame(DATA, BODY[:-1])), frame(DATA, BODY[-1:] + hidden)
    yield "a request without its end", begun + frame(DATA, hidden)


class HTTP2SmugglingTest(BothSidesTest):
    def call(self, *more, **options):
        return converse(self.proxy.port, request(fields(self.path, *more), BODY), **options)

    def test_a_request_is_counted_once_on_both_sides(self):
        """Without which the other tests would show nothing."""
        for more in [], [("content-length", str(len(BODY)))]:
            with self.counted() as counts:
                answer = self.call(*more)
            self.assertEqual((statuses(answer), code(body(answer))), ([(1, 200)], 0))
            self.assertEqual(counts, [1, 1, 0])

    def test_the_server_sees_no_request_that_the_proxy_did_not_send(self):
        tried = 0
        for name, *data in attacks(self.path, self.hidden):
            with self.subTest(name):
                with self.counted() as counts:
                    answer = converse(self.proxy.port, *data)
                self.assert_nothing_smuggled(counts, answer)
                good = [stream for stream, status in statuses(answer) if status == 200]
                self.assertLessEqual(len(good), counts[0], answer)
                self.assertEqual(len(good), len(set(good)), answer)
                tried += 1
        self.assertGreater(tried, 200)
        self.assertEqual(code(body(self.call())), 0)
        self.assertEqual(code(exchange(self.proxy.port, post(self.path, BODY))), 0)

    def test_a_caller_cannot_choose_the_address_that_is_believed(self):
        """HAProxy adds its own entry behind whatever stands in the fields, and the server reads from the right."""
        marked = [("x-forwarded-for", "203.0.113.66"), ("x-forwarded-for", "203.0.113.67")]
        self.assertEqual(code(body(self.call(*marked, source="127.0.0.3"))), 0)
        self.server.wait_until(lambda: "client.address=127.0.0.3 " in self.server.log.read_text(), "the call is logged")
        self.assertNotIn("203.0.113.67", self.server.log.read_text())


if __name__ == "__main__":
    unittest.main()
