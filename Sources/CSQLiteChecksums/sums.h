#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline uint32_t little_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static inline void put_big_endian(unsigned char *bytes, uint32_t number) {
    for (int place = 0; place < 4; place++) bytes[place] = (unsigned char)(number >> (24 - 8 * place));
}

/// SQLite's checksum of its logs, which goes on from one run of bytes to the next.
typedef struct {
    uint32_t first, second;
} sums;

/// - count: a multiple of 8.
static inline void add(sums *sums, const unsigned char *bytes, int count, bool is_big_endian) {
    uint32_t first = sums->first, second = sums->second;
    const unsigned char *end = bytes + count;
    if (is_big_endian) {
        for (; bytes < end; bytes += 8) {
            first += big_endian(bytes) + second;
            second += big_endian(bytes + 4) + first;
        }
    } else {
        for (; bytes < end; bytes += 8) {
            first += little_endian(bytes) + second;
            second += little_endian(bytes + 4) + first;
        }
    }
    sums->first = first;
    sums->second = second;
}

static inline sums sums_at(const unsigned char *bytes) {
    return (sums){big_endian(bytes), big_endian(bytes + 4)};
}

static inline void put_sums(unsigned char *bytes, sums sums) {
    put_big_endian(bytes, sums.first);
    put_big_endian(bytes + 4, sums.second);
}

// XXH64, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, of 32 bytes or more that are a multiple of 8.

#define XXH64_1 0x9E3779B185EBCA87u
#define XXH64_2 0xC2B2AE3D27D4EB4Fu
#define XXH64_3 0x165667B19E3779F9u
#define XXH64_4 0x85EBCA77C2B2AE63u

static inline uint64_t rotated(uint64_t number, int count) { return number << count | number >> (64 - count); }

static inline uint64_t lane(const unsigned char *bytes) {
    return (uint64_t)little_endian(bytes + 4) << 32 | little_endian(bytes);
}

static inline uint64_t mixed(uint64_t sum, uint64_t lane) { return rotated(sum + lane * XXH64_2, 31) * XXH64_1; }

typedef struct {
    uint64_t lanes[4];
} xxh64;

static inline xxh64 xxh64_begin(uint64_t seed) {
    return (xxh64){{seed + XXH64_1 + XXH64_2, seed + XXH64_2, seed, seed - XXH64_1}};
}

/// - Returns: where the last bytes begin, which are less than 32.
static inline const unsigned char *xxh64_add(xxh64 *hash, const unsigned char *bytes, int count) {
    uint64_t a = hash->lanes[0], b = hash->lanes[1], c = hash->lanes[2], d = hash->lanes[3];
    for (; count >= 32; count -= 32, bytes += 32) {
        a = mixed(a, lane(bytes));
        b = mixed(b, lane(bytes + 8));
        c = mixed(c, lane(bytes + 16));
        d = mixed(d, lane(bytes + 24));
    }
    *hash = (xxh64){{a, b, c, d}};
    return bytes;
}

/// - rest: what follows on all that was added, less than 32 bytes of it.
/// - length: of everything.
static inline uint64_t xxh64_end(const xxh64 *hash, const unsigned char *rest, int count, int length) {
    const uint64_t *lanes = hash->lanes;
    uint64_t sum = rotated(lanes[0], 1) + rotated(lanes[1], 7) + rotated(lanes[2], 12) + rotated(lanes[3], 18);
    for (int number = 0; number < 4; number++) sum = (sum ^ mixed(0, lanes[number])) * XXH64_1 + XXH64_4;
    sum += (uint64_t)length;
    for (; count >= 8; count -= 8, rest += 8) sum = rotated(sum ^ mixed(0, lane(rest)), 27) * XXH64_1 + XXH64_4;
    sum = (sum ^ sum >> 33) * XXH64_2;
    sum = (sum ^ sum >> 29) * XXH64_3;
    return sum ^ sum >> 32;
}

// Pages.

/// The bytes at a page's end that hold its checksum.
enum { mark_size = 8 };

/// Where the first page says which versions of SQLite may write the file. Of a higher version than there is they write
/// nothing, and can read it all the same; who comes by way of this layer sees the one that SQLite knows. Between the two are
/// more bits than one, so that a flipped one is told.
/// https://www.sqlite.org/fileformat.html#file_format_version_numbers
enum { version_place = 18, known_version = 2, guarded_version = 255 };

static inline void guard(unsigned char *first_page) {
    if (first_page[version_place] == known_version) first_page[version_place] = guarded_version;
}

static inline void unguard(unsigned char *first_page) {
    if (first_page[version_place] == guarded_version) first_page[version_place] = known_version;
}

/// The checksum of a page by its place, so that neither zeros nor another page's content pass for it.
static inline void sum_up_page(const unsigned char *page, int size, uint32_t number, unsigned char *mark) {
    xxh64 hash = xxh64_begin(number);
    int length = size - mark_size, begin = 0;
    if (number == 1) {
        // A copy that SQLite's own tools make has other numbers here, none of which tells where anything is: the counter
        // of changes, that of the schema, the change that the sizes are of with the version that wrote it.
        unsigned char header[128];
        memcpy(header, page, sizeof header);
        unguard(header);
        memset(header + 24, 0, 4);
        memset(header + 40, 0, 4);
        memset(header + 92, 0, 8);
        xxh64_add(&hash, header, sizeof header);
        begin = sizeof header;
    }
    const unsigned char *rest = xxh64_add(&hash, page + begin, length - begin);
    uint64_t sum = xxh64_end(&hash, rest, (int)(page + length - rest), length);
    put_sums(mark, (sums){(uint32_t)(sum >> 32), (uint32_t)sum});
}

static inline void mark_page(unsigned char *page, int size, uint32_t number) {
    sum_up_page(page, size, number, page + size - mark_size);
}

static inline bool is_page_whole(const unsigned char *page, int size, uint32_t number) {
    unsigned char mark[mark_size];
    sum_up_page(page, size, number, mark);
    return memcmp(mark, page + size - mark_size, mark_size) == 0;
}
