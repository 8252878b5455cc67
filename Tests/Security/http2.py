"""HTTP/2 by hand: frames that no library would send, and as much of the answer as says how it went."""
from scene import exchange

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8
# What stands for `:status` and its value in HPACK's static table.
STATUSES = {0x80 | index: status for index, status in enumerate((200, 204, 206, 304, 400, 404, 500), 8)}


def frame(kind, payload=b"", flags=0, stream=1):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def string(text):
    """Its length with a prefix of seven bits, and no Huffman code: any byte can stand in it."""
    data, head = text.encode("latin-1"), b""
    if (rest := len(data)) >= 127:
        head, rest = b"\x7f", rest - 127
        while rest >= 128:
            head, rest = head + bytes([rest % 128 | 128]), rest // 128
    return head + bytes([rest]) + data


def block(fields):
    """Literals that no table has or gets."""
    return b"".join(b"\0" + string(name) + string(value) for name, value in fields)


def headers(fields, ended=False, stream=1):
    return frame(HEADERS, block(fields), END_HEADERS | (END_STREAM if ended else 0), stream)


def request(fields, body=b"", trailers=(), stream=1):
    """A request as it should be, if its fields are."""
    data = frame(DATA, body, 0 if trailers else END_STREAM, stream)
    return headers(fields, stream=stream) + data + (headers(trailers, True, stream) if trailers else b"")


def frames(answer):
    """Kind, flags, stream and payload of each that is there as a whole."""
    while len(answer) >= (length := 9 + int.from_bytes(answer[:3], "big")):
        yield answer[3], answer[4], int.from_bytes(answer[5:9], "big"), answer[9:length]
        answer = answer[length:]


def has_ended(answer):
    """Whether no stream is to be waited for: the first to end is the only one, or the connection ends."""
    return any(kind in (RST_STREAM, GOAWAY) or kind in (DATA, HEADERS) and flags & END_STREAM
               for kind, flags, _, _ in frames(answer))


def converse(port, data, *later, source="127.0.0.1"):
    """What comes back for frames behind the preface, and for those that follow one another a little later."""
    return exchange(port, PREFACE + frame(SETTINGS, stream=0) + data, source=source, later=later, has_ended=has_ended)


def status(payload):
    """A head's `:status`, which HAProxy puts first: as an entry of the static table, or as digits behind its name's."""
    if payload[0] in STATUSES:
        return STATUSES[payload[0]]
    index, length = payload[:2]
    assert (index, length) in ((0x48, 3), (0x08, 3)), payload
    return int(payload[2:5])


def statuses(answer):
    """Stream and status of each head."""
    return [(stream, status(payload)) for kind, _, stream, payload in frames(answer) if kind == HEADERS]


def body(answer):
    return b"".join(payload for kind, _, _, payload in frames(answer) if kind == DATA)
