#include "frames.h"

#include <string.h>

/* Bytes of the header as far as it is known: 2 until the length's form is. */
static size_t header_size(const struct frames *frames) {
    if (frames->have < 2) return 2;
    switch (frames->header[1] & 127) {
    case 126: return 4;
    case 127: return 10;
    default: return 2;
    }
}

static int begin_payload(struct frames *frames, size_t header) {
    uint64_t length = frames->header[1] & 127;
    if (header > 2) {
        length = 0;
        for (size_t place = 2; place < header; place++) length = length << 8 | frames->header[place];
    }
    int is_masked = frames->header[1] & 128, is_control = frames->header[0] & 8;
    if (is_masked || (is_control && length > sizeof frames->control)) return -1;
    frames->length = frames->left = length;
    frames->inside = 1;
    return 0;
}

int frames_read(struct frames *frames, const uint8_t *bytes, size_t count, uint32_t session, frame_taker *take) {
    for (;;) {
        while (!frames->inside) {
            size_t header = header_size(frames);
            if (frames->have == header) {
                if (begin_payload(frames, header)) return -1;
                break;
            }
            if (!count) return 0;
            frames->header[frames->have++] = *bytes++;
            count--;
        }
        size_t part = frames->left < count ? frames->left : count;
        if (frames->header[0] & 8) memcpy(frames->control + (frames->length - frames->left), bytes, part);
        frames->left -= part;
        bytes += part;
        count -= part;
        if (frames->left) return 0;
        take(session, frames);
        frames->inside = frames->have = 0;
    }
}
