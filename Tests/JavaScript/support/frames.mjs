// The frames of RFC 6455, as far as both ends of the tests need them: whole messages, no extensions.

import { createHash, randomBytes } from 'node:crypto';

export const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

export function acceptKey(key) {
    return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

export function encodeFrame(type, payload, { isMasked = false } = {}) {
    const body = Buffer.from(payload);
    const head = body.length < 126 ? Buffer.alloc(2) : body.length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
    head[0] = 0x80 | type;
    if (head.length === 2) {
        head[1] = body.length;
    } else if (head.length === 4) {
        head[1] = 126;
        head.writeUInt16BE(body.length, 2);
    } else {
        head[1] = 127;
        head.writeBigUInt64BE(BigInt(body.length), 2);
    }
    if (!isMasked) return Buffer.concat([head, body]);
    head[1] |= 0x80;
    const mask = randomBytes(4);
    return Buffer.concat([head, mask, body.map((byte, index) => byte ^ mask[index % 4])]);
}

export function closePayload(code, reason = '') {
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    return payload;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
    #rest = Buffer.alloc(0);

    *read(bytes) {
        this.#rest = Buffer.concat([this.#rest, bytes]);
        for (let frame = this.#next(); frame; frame = this.#next()) yield frame;
    }

    #next() {
        const bytes = this.#rest;
        if (bytes.length < 2) return undefined;
        const isMasked = (bytes[1] & 0x80) !== 0;
        let length = bytes[1] & 0x7f;
        let offset = 2;
        if (length === 126) {
            if (bytes.length < 4) return undefined;
            length = bytes.readUInt16BE(2);
            offset = 4;
        } else if (length === 127) {
            if (bytes.length < 10) return undefined;
            length = Number(bytes.readBigUInt64BE(2));
            offset = 10;
        }
        const start = offset + (isMasked ? 4 : 0);
        if (bytes.length < start + length) return undefined;
        const mask = bytes.subarray(offset, start);
        const payload = bytes.subarray(start, start + length);
        this.#rest = bytes.subarray(start + length);
        const type = bytes[0] & 0x0f;
        return { type, isMasked, payload: isMasked ? payload.map((byte, index) => byte ^ mask[index % 4]) : payload };
    }
}
