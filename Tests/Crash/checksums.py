"""The checksum at a page's end, as docs/decisions/0012-checksums-of-pages.md has it."""
import struct

ONE, TWO, THREE, FOUR = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63
ALL = (1 << 64) - 1


def checksum(page, number):
    if number == 1:
        # Who knows nothing of checksums is told that the file is too new to write.
        version = b"\2" if page[18] == 255 else page[18:19]
        page = page[:18] + version + page[19:24] + bytes(4) + page[28:40] + bytes(4) + page[44:92] + bytes(8) + page[100:]
    return struct.pack(">Q", xxh64(page[:-8], number))


def xxh64(data, seed):
    """Of 32 bytes or more that are a multiple of 8."""
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    whole = len(words) // 4 * 4
    lanes = []
    for place, lane in enumerate((seed + ONE + TWO, seed + TWO, seed, seed - ONE)):
        for word in words[place:whole:4]:
            lane = mixed(lane, word)
        lanes.append(lane)
    result = sum(rotated(lane, count) for lane, count in zip(lanes, (1, 7, 12, 18))) & ALL
    for lane in lanes:
        result = (result ^ mixed(0, lane)) * ONE + FOUR & ALL
    result = result + len(data) & ALL
    for word in words[whole:]:
        result = rotated(result ^ mixed(0, word), 27) * ONE + FOUR & ALL
    result = (result ^ result >> 33) * TWO & ALL
    result = (result ^ result >> 29) * THREE & ALL
    return result ^ result >> 32


def mixed(number, word):
    return rotated(number + word * TWO & ALL, 31) * ONE & ALL


def rotated(number, count):
    return (number << count | number >> (64 - count)) & ALL
