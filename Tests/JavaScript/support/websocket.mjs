// A WebSocket of Node's standard library alone: Node 20 has none of its own.

import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

import { acceptKey, closePayload, encodeFrame, FrameReader, opcode } from './frames.mjs';

export class WebSocket extends EventTarget {
    #socket;
    #reader = new FrameReader();
    #isClosed = false;
    #tasks = Promise.resolve();
    #end = { code: 1006, reason: '' };
    protocol = '';

    constructor(url, protocols = []) {
        super();
        const target = new URL(url);
        if (!/^wss?:$/.test(target.protocol)) throw new SyntaxError(`not a WebSocket URL: ${url}`);
        if (protocols.some((name) => !/^[!#$%&'*+.^_`|~\w-]+$/.test(name))) throw new SyntaxError('not a subprotocol');
        target.protocol = target.protocol.replace('ws', 'http');
        const key = randomBytes(16).toString('base64');
        const request = (target.protocol === 'https:' ? https : http).request(target, {
            agent: false,
            headers: {
                Connection: 'Upgrade',
                Upgrade: 'websocket',
                'Sec-WebSocket-Version': '13',
                'Sec-WebSocket-Key': key,
                'Sec-WebSocket-Protocol': protocols.join(', '),
            },
        });
        request.on('upgrade', (response, socket, head) => {
            if (response.headers['sec-websocket-accept'] !== acceptKey(key)) return socket.destroy();
            this.protocol = response.headers['sec-websocket-protocol'] ?? '';
            this.#begin(socket, head);
        });
        request.on('response', (response) => {
            response.resume();
            this.#fail();
        });
        request.on('error', () => this.#fail());
        request.end();
        this.#socket = request;
    }

    #begin(socket, head) {
        if (this.#isClosed) return socket.destroy();
        this.#socket = socket;
        socket.setNoDelay();
        socket.on('data', (bytes) => this.#take(bytes));
        socket.on('error', () => {});
        socket.on('close', () => this.#finish());
        this.#dispatch('open');
        if (head.length > 0) this.#take(head);
    }

    #take(bytes) {
        for (const { type, payload } of this.#reader.read(bytes)) {
            switch (type) {
                case opcode.text:
                    this.#dispatch('message', { data: payload.toString() });
                    break;
                case opcode.ping:
                    this.#write(opcode.pong, payload);
                    break;
                case opcode.close:
                    if (payload.length >= 2) {
                        this.#end = { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
                    }
                    this.#write(opcode.close, payload);
                    this.#socket.end();
                    break;
            }
        }
    }

    send(text) {
        this.#write(opcode.text, text);
    }

    close(code = 1000, reason = '') {
        if (this.#socket instanceof http.ClientRequest) {
            this.#socket.destroy();
            return this.#fail();
        }
        this.#write(opcode.close, closePayload(code, reason));
        this.#socket.end();
    }

    /** Ends without a word, as a network may. */
    cut() {
        this.#socket.destroy();
    }

    #write(type, payload) {
        if (this.#socket.writable) this.#socket.write(encodeFrame(type, payload, { isMasked: true }));
    }

    #fail() {
        if (this.#isClosed) return;
        this.#dispatch('error');
        this.#finish();
    }

    #finish() {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#dispatch('close', this.#end);
    }

    /** Each event is a task of its own, as in a browser. */
    #dispatch(type, members = {}) {
        this.#tasks = this.#tasks.then(async () => {
            await new Promise(setImmediate);
            this.dispatchEvent(Object.assign(new Event(type), members));
        });
    }
}
