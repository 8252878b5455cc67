/* Reads the frames that a WebSocket server sends (RFC 6455 section 5.2), whatever pieces they come in. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9 };

/* Where the reader of one connection is. All zero at the beginning of a connection. */
struct frames {
    uint64_t left;        /* payload bytes of the present frame that are yet to come */
    uint64_t length;      /* its payload bytes altogether */
    uint8_t inside;       /* whether its header is complete */
    uint8_t have;         /* how much of its header has come */
    uint8_t header[10];
    uint8_t control[125]; /* the payload of a control frame */
};

static inline uint8_t frame_opcode(const struct frames *frames) { return frames->header[0] & 15; }

/* What is called with each frame when it is complete. */
typedef void frame_taker(uint32_t session, const struct frames *frame);

/* Returns -1 when the bytes are no frames of a server: masked, or a control frame that is too long. */
int frames_read(struct frames *frames, const uint8_t *bytes, size_t count, uint32_t session, frame_taker *take);
