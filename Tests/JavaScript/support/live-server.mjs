// A server of the live protocol that does what a test says, one message at a time.

import http from 'node:http';

import { acceptKey, closePayload, encodeFrame, FrameReader, opcode } from './frames.mjs';
import { Inbox } from './inbox.mjs';

export class LiveServer {
    #server = http.createServer((_, response) => response.writeHead(404).end());
    #connections = new Inbox('a connection');
    #open = new Set();
    /** Set to refuse upgrades with this HTTP status. */
    refuses;

    static async start() {
        const server = new LiveServer();
        await server.#listen();
        return server;
    }

    async #listen() {
        this.#server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
        await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.#server.address().port}`;
    }

    #upgrade(request, socket) {
        socket.on('error', () => {});
        if (this.refuses) return socket.end(`HTTP/1.1 ${this.refuses} Refused\r\nContent-Length: 0\r\n\r\n`);
        socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
                `Sec-WebSocket-Accept: ${acceptKey(request.headers['sec-websocket-key'])}\r\n` +
                'Sec-WebSocket-Protocol: rostrum.v1\r\n\r\n',
        );
        const connection = new Connection(request, socket);
        this.#open.add(connection);
        this.#connections.put(connection);
    }

    /** The next connection that somebody makes. */
    next() {
        return this.#connections.take();
    }

    /** The next connection, after the session's first question was answered. */
    async login(items = []) {
        const connection = await this.next();
        await connection.welcome(items);
        return connection;
    }

    stop() {
        for (const connection of this.#open) connection.cut();
        this.#server.closeAllConnections();
        this.#server.close();
    }
}

class Connection {
    #socket;
    #requests = new Inbox('a request');
    #closing;

    constructor(request, socket) {
        this.#socket = socket;
        this.path = new URL(request.url, 'http://localhost');
        this.protocols = request.headers['sec-websocket-protocol']?.split(', ') ?? [];
        this.closed = new Promise((resolve) => (this.#closing = resolve));
        const reader = new FrameReader();
        socket.setNoDelay();
        socket.on('data', (bytes) => {
            for (const { type, isMasked, payload } of reader.read(bytes)) {
                if (!isMasked) throw new Error('a client must mask its frames');
                if (type === opcode.text) this.#requests.put(JSON.parse(payload));
                if (type === opcode.close) {
                    this.#closing(payload.readUInt16BE());
                    socket.end();
                }
            }
        });
        socket.on('close', () => this.#closing(1006));
    }

    /** The next request, which must be of this method. */
    async expect(method) {
        const request = await this.#requests.take();
        if (request.method !== method) throw new Error(`expected ${method}, got ${JSON.stringify(request)}`);
        return request;
    }

    async welcome(items = []) {
        const request = await this.expect('getOfficialAccountsInfo');
        this.answer(request, { OfficialAccountInfoList: items });
    }

    /** Waits for the session to resume, and answers. */
    async resume(answers) {
        const request = await this.expect('resume');
        this.answer(request, answers);
        return request.params;
    }

    answer({ id }, result) {
        this.send({ jsonrpc: '2.0', id, result });
    }

    refuse({ id }, code, message) {
        this.send({ jsonrpc: '2.0', id, error: { code, message } });
    }

    notify(method, params) {
        this.send({ jsonrpc: '2.0', method, params });
    }

    send(message) {
        this.sendText(JSON.stringify(message));
    }

    sendText(text) {
        this.#socket.write(encodeFrame(opcode.text, text));
    }

    /** How many requests have come that nobody has looked at. */
    get unread() {
        return this.#requests.count;
    }

    close(code, reason) {
        this.#socket.write(encodeFrame(opcode.close, closePayload(code, reason)));
    }

    /** Ends without a word. */
    cut() {
        this.#socket.destroy();
    }
}
