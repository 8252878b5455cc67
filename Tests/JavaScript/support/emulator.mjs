import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { AdminClient, makeUserSig, SubscriberSession } from '../../../Sources/Web/SDK/rostrum.js';
import { Inbox } from './inbox.mjs';
import { WebSocket } from './websocket.mjs';

const binary = process.env.ROSTRUM_BINARY ?? fileURLToPath(new URL('../../../.build/debug/rostrum', import.meta.url));
const isBuilt = await access(binary).then(() => true, () => false);

/** Options of a test that needs the program. In CI it must be there. */
export const withProgram = { skip: isBuilt || process.env.CI ? false : `${binary} is not built` };

export const sdkAppID = 88888888;
const key = '5c1f0b9e7d3a48629e0d4b7c6a5f8e1d2c3b4a59687f6e5d4c3b2a1908f7e6d5';

/** `rostrum dev`, which ends with the test. */
export class Emulator {
    static async start(test) {
        const limits = ['broadcastsPerSecond=0', 'broadcastsPerHour=0', 'callsPerSecond=0'];
        const words = ['dev', '--port', '0', '--log-level', 'error', '--limits', ...limits];
        const child = spawn(binary, words, { stdio: ['ignore', 'pipe', 'inherit'] });
        test.after(() => child.kill());
        for await (const line of createInterface({ input: child.stdout })) {
            const url = line.match(/^rostrum is ready on (.*)/)?.[1];
            if (url) return new Emulator(test, url);
        }
        throw new Error(`${binary} did not start`);
    }

    constructor(test, url) {
        this.test = test;
        this.url = url;
        this.admin = new AdminClient({ url, sdkAppID, userSig: () => this.sign('administrator') });
    }

    async get(path) {
        return (await fetch(this.url + path)).json();
    }

    async advance(seconds) {
        await fetch(`${this.url}/dev/clock`, { method: 'POST', body: JSON.stringify({ advance: seconds }) });
    }

    async sign(identifier, words = {}) {
        const { now } = await this.get('/dev/clock');
        return makeUserSig({ sdkAppID, key, identifier, time: now, ...words });
    }

    async createChannel(name = 'News') {
        return (await this.admin.createOfficialAccount({ Owner_Account: '107867', Name: name })).OfficialAccountUserID;
    }

    /** Posts a number and returns the key. */
    async post(channel, number) {
        const MsgBody = [{ MsgType: 'TIMTextElem', MsgContent: { Text: `${number}` } }];
        return (await this.admin.sendOfficialAccountMsg({ Official_Account: channel, MsgBody })).MsgKey;
    }

    /** A user's session that is online, its events, and a way to cut its connection. */
    async connect(identifier, options = {}) {
        const sockets = [];
        class Cuttable extends WebSocket {
            constructor(...words) {
                super(...words);
                sockets.push(this);
            }
        }
        const { url } = this;
        const session = new SubscriberSession({
            url, sdkAppID, identifier, userSig: () => this.sign(identifier), WebSocket: Cuttable, random: () => 0, ...options,
        });
        const events = new Inbox('an event');
        for (const type of ['message', 'revoked', 'infoChanged', 'deleted', 'subscribed', 'unsubscribed', 'reload', 'kicked',
            'userSigExpired', 'ended']) {
            session.on(type, (data) => events.put({ type, data }));
        }
        this.test.after(() => session.close());
        await session.connect();
        return { session, events, cut: () => sockets.at(-1).cut() };
    }
}
