/**
 * Rostrum for JavaScript: the server API and the live protocol, in browsers and in Node 18 and later.
 *
 * One file without dependencies, because a page can then load it from the server itself:
 *
 *     import { SubscriberSession } from 'https://chat.example.com/sdk/rostrum.js';
 *
 * Names that begin with a capital letter (`Official_Account`, `MsgSeq`) are the protocol's own, written as on the wire.
 * Every number of the protocol fits into 2^53. Types stand in rostrum.d.ts, the guide in docs/sdk-javascript.md.
 */

/** Refusals behind which nothing happened, and which may be gone in a moment. */
const temporaryCodes = new Set([10002, 20005, 60007, 60008, 70500, 90994]);
const frequencyExceeded = 60007;
const userSigExpired = 70001;

/** The server understood and said no. */
export class RostrumError extends Error {
    /**
     * @param code the `ErrorCode`, or the close code of a session that ended without one
     * @param info the server's explanation
     */
    constructor(code, info, { requestId } = {}) {
        super(`${code}: ${info}`);
        this.name = 'RostrumError';
        this.code = code;
        this.info = info;
        this.requestId = requestId;
    }

    /** Whether the same request may succeed a little later. */
    get isTemporary() {
        return temporaryCodes.has(this.code);
    }
}

/** Nobody knows what the server said: no connection, no answer in time, or an answer that is none. */
export class ConnectionError extends Error {
    constructor(message, { cause, isTemporary = true } = {}) {
        super(message, cause === undefined ? undefined : { cause });
        this.name = 'ConnectionError';
        this.isTemporary = isTemporary;
    }
}

/* ---------------------------------------------------------------------------------------------------------------- */
/* UserSig                                                                                                          */

/**
 * Makes a UserSig.
 *
 * Whoever has `key` is everybody: it belongs on a server, never into a page or an app. The one exception is the
 * emulator (`rostrum dev`), whose key is published and opens nothing else.
 *
 * @param expire seconds from `time` on
 * @param time when it is issued, in Unix seconds
 */
export async function makeUserSig({ sdkAppID, identifier, key, expire = 86_400, time = unixTime() }) {
    if (!Number.isSafeInteger(sdkAppID)) throw new TypeError('sdkAppID must be a whole number');
    if (!identifier) throw new TypeError('identifier must name a user');
    if (!key) throw new TypeError('key must be the key of the application');
    const lines = [
        `TLS.identifier:${identifier}`, `TLS.sdkappid:${sdkAppID}`, `TLS.time:${time}`, `TLS.expire:${expire}`, '',
    ];
    const { subtle } = await webCrypto();
    const utf8 = new TextEncoder();
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const secret = await subtle.importKey('raw', utf8.encode(key), hmac, false, ['sign']);
    const signature = await subtle.sign(hmac, secret, utf8.encode(lines.join('\n')));
    const document = {
        'TLS.ver': '2.0',
        'TLS.identifier': identifier,
        'TLS.sdkappid': sdkAppID,
        'TLS.expire': expire,
        'TLS.time': time,
        'TLS.sig': base64(signature),
    };
    const zlib = new Blob([JSON.stringify(document)]).stream().pipeThrough(new CompressionStream('deflate'));
    const packed = base64(await new Response(zlib).arrayBuffer());
    return packed.replaceAll('+', '*').replaceAll('/', '-').replaceAll('=', '_');
}

function base64(buffer) {
    return btoa(String.fromCharCode(...new Uint8Array(buffer)));
}

function unixTime() {
    return Math.floor(Date.now() / 1000);
}

/** Node 18 has no global `crypto`. */
async function webCrypto() {
    return globalThis.crypto ?? (await import('node:crypto')).webcrypto;
}

/** A UserSig that is given, or asked for when it is needed and kept until it no longer does. */
class Credentials {
    #source;
    #current;
    #asking;

    constructor(source) {
        if (typeof source !== 'string' && typeof source !== 'function') {
            throw new TypeError('userSig must be a UserSig, or a function that brings one');
        }
        this.#source = source;
    }

    get canRenew() {
        return typeof this.#source === 'function';
    }

    async get() {
        if (!this.canRenew) return this.#source;
        if (this.#current !== undefined) return this.#current;
        this.#asking ??= this.#ask();
        return this.#asking;
    }

    #ask() {
        const whileAwaited = (action) => (value) => {
            if (this.#asking === asking) action(value);
            return value;
        };
        const asking = (async () => this.#source())()
            .then(whileAwaited((userSig) => (this.#current = userSig)))
            .finally(whileAwaited(() => (this.#asking = undefined)));
        return asking;
    }

    /** Waits no longer for a function that does not come back: next time it is asked anew. */
    giveUp() {
        this.#asking = undefined;
    }

    /** Several calls may find out about the same one; only the first throws it away. */
    discard(userSig) {
        if (this.#current === userSig) this.#current = undefined;
    }
}

/* ---------------------------------------------------------------------------------------------------------------- */
/* What both clients need                                                                                           */

const systemClock = {
    now: () => Date.now(),
    setTimeout: (action, milliseconds) => globalThis.setTimeout(action, milliseconds),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
};

/** Anywhere between nothing and a bound that doubles: who was cut off together does not return together. */
function backoff(attempt, random, { first, longest }) {
    return random() * Math.min(longest, first * 2 ** attempt);
}

function resolveURL(base, path) {
    return new URL(path, base.endsWith('/') ? base : `${base}/`);
}

function required(options, ...names) {
    for (const name of names) {
        if (options[name] === undefined) throw new TypeError(`${name} is missing`);
    }
}

/** An option that is there but undefined is left out, too. */
function withDefaults(options, defaults) {
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    return { ...defaults, ...Object.fromEntries(given) };
}

/** A fault in a caller's own function stops nothing here. Node has no `reportError`, and would end if this threw. */
function report(error) {
    if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
    else console.error(error);
}

/* ---------------------------------------------------------------------------------------------------------------- */
/* The server API                                                                                                   */

const channelService = 'official_account_open_http_svc';
const accountService = 'im_open_login_svc';

/** The commands that change something: a retry carries the `Idempotency-Key` of the first attempt. */
const writes = {
    createOfficialAccount: `${channelService}/create_official_account`,
    destroyOfficialAccount: `${channelService}/destroy_official_account`,
    modifyOfficialAccountBaseInfo: `${channelService}/modify_official_account_base_info`,
    addSubscriber: `${channelService}/add_subscriber`,
    deleteSubscriber: `${channelService}/delete_subscriber`,
    modifySubscriberInfo: `${channelService}/modify_subscriber_info`,
    sendOfficialAccountMsg: `${channelService}/send_official_account_msg`,
    officialAccountMsgRecall: `${channelService}/official_account_msg_recall`,
    accountImport: `${accountService}/account_import`,
    multiaccountImport: `${accountService}/multiaccount_import`,
    accountDelete: `${accountService}/account_delete`,
    kick: `${accountService}/kick`,
};

const reads = {
    getOfficialAccountInfo: `${channelService}/get_official_account_info`,
    getSubscriberInfo: `${channelService}/get_subscriber_info`,
    getSubscribedOfficialAccountList: `${channelService}/get_subscribed_official_account_list`,
    officialAccountMsgGetSimple: `${channelService}/official_account_msg_get_simple`,
    accountCheck: `${accountService}/account_check`,
    queryOnlineStatus: 'openim/query_online_status',
    getBroadcastReceipt: 'rostrum_svc/get_broadcast_receipt',
};

/**
 * The server API, for an app's backend: a method for each command, named like it.
 *
 * A call whose answer is lost, or which meets a fault of the server, is made again. That is safe for commands that
 * write too: the server recognizes the second attempt by its `Idempotency-Key`.
 */
export class AdminClient {
    #options;
    #credentials;

    constructor(options) {
        required(options, 'url', 'sdkAppID', 'userSig');
        this.#options = withDefaults(options, {
            identifier: 'administrator',
            attempts: 4,
            timeoutMs: 10_000,
            fetch: (...words) => globalThis.fetch(...words),
            clock: systemClock,
            random: Math.random,
        });
        this.#credentials = new Credentials(options.userSig);
    }

    /** Calls any command by its path, `SERVICE/COMMAND`; `write` says that it changes something. */
    async call(path, fields = {}, { write = false, idempotencyKey, signal } = {}) {
        const { attempts, clock, random } = this.#options;
        const body = JSON.stringify(fields);
        const key = write ? idempotencyKey ?? (await newIdempotencyKey()) : undefined;
        let hasRenewed = false;
        for (let attempt = 1; ; attempt += 1) {
            signal?.throwIfAborted();
            const userSig = await this.#credentials.get();
            try {
                return await this.#post(path, body, userSig, key, signal);
            } catch (error) {
                if (error.code === userSigExpired && this.#credentials.canRenew && !hasRenewed) {
                    hasRenewed = true;
                    attempt -= 1;
                    this.#credentials.discard(userSig);
                    continue;
                }
                if (!error.isTemporary || attempt >= attempts) throw error;
                const least = error.code === frequencyExceeded ? 1000 : 0;
                await pause(least + backoff(attempt, random, { first: 200, longest: 5000 }), clock, signal);
            }
        }
    }

    async #post(path, body, userSig, key, signal) {
        const { url, sdkAppID, identifier, timeoutMs, fetch, clock, random } = this.#options;
        const target = resolveURL(url, `v4/${path}`);
        target.search = new URLSearchParams({
            sdkappid: sdkAppID,
            identifier,
            usersig: userSig,
            random: Math.floor(random() * 2 ** 32),
            contenttype: 'json',
        });
        const headers = { 'Content-Type': 'application/json' };
        if (key !== undefined) headers['Idempotency-Key'] = key;
        const aborting = new AbortController();
        const abort = () => aborting.abort();
        signal?.addEventListener('abort', abort);
        const timer = clock.setTimeout(abort, timeoutMs);
        let response;
        let reply;
        try {
            // The URL holds a UserSig: it goes to this server only.
            const init = { method: 'POST', headers, body, redirect: 'error', signal: aborting.signal };
            response = await fetch(target.href, init);
            reply = await response.json();
        } catch (cause) {
            signal?.throwIfAborted();
            const what = response ? `HTTP ${response.status}, and no JSON` : 'no answer';
            throw new ConnectionError(`${path}: ${what}`, { cause, isTemporary: mayRecover(response) });
        } finally {
            clock.clearTimeout(timer);
            signal?.removeEventListener('abort', abort);
        }
        if (!Number.isInteger(reply?.ErrorCode)) {
            const message = `${path}: HTTP ${response.status}, and no envelope`;
            throw new ConnectionError(message, { isTemporary: mayRecover(response) });
        }
        if (reply.ErrorCode !== 0) {
            throw new RostrumError(reply.ErrorCode, reply.ErrorInfo, { requestId: reply.RequestId });
        }
        return reply;
    }

    /** Sends a post to all subscribers; `Random` is made when it is left out. */
    async sendOfficialAccountMsg(fields, options) {
        const Random = fields.Random ?? Math.floor(this.#options.random() * 2 ** 32);
        return this.call(writes.sendOfficialAccountMsg, { ...fields, Random }, { ...options, write: true });
    }
}

for (const [commands, write] of [[writes, true], [reads, false]]) {
    for (const [name, path] of Object.entries(commands)) {
        if (Object.hasOwn(AdminClient.prototype, name)) continue;
        const method = function (fields, options) {
            return this.call(path, fields, { ...options, write });
        };
        Object.defineProperty(method, 'name', { value: name });
        Object.defineProperty(AdminClient.prototype, name, { value: method, writable: true, configurable: true });
    }
}

/** A refusal by a proxy stays one; everything else may have been an accident. */
function mayRecover(response) {
    const status = response?.status ?? 0;
    return status < 400 || status >= 500 || status === 408 || status === 429;
}

async function newIdempotencyKey() {
    const bytes = (await webCrypto()).getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function pause(milliseconds, clock, signal) {
    return new Promise((resolve, reject) => {
        const finish = (action) => {
            clock.clearTimeout(timer);
            signal?.removeEventListener('abort', abort);
            action();
        };
        const abort = () => finish(() => reject(signal.reason));
        const timer = clock.setTimeout(() => finish(resolve), milliseconds);
        signal?.addEventListener('abort', abort);
    });
}

/** A text as an element of `MsgBody`. */
export function textElement(text) {
    return { MsgType: 'TIMTextElem', MsgContent: { Text: text } };
}

/* ---------------------------------------------------------------------------------------------------------------- */
/* Positions                                                                                                        */

/** Keeps positions as long as the page or process lives. */
export class MemoryPositionStore {
    #positions = new Map();

    async get(name) {
        return this.#positions.get(name);
    }

    async set(name, positions) {
        this.#positions.set(name, positions);
    }
}

/**
 * Keeps positions in the browser, so that a page that is opened again gets what it missed.
 *
 * Tabs of one user share them: each writes what it has changed itself, and leaves the other channels as they are.
 */
export class LocalStoragePositionStore {
    #storage;
    #prefix;
    /** What was read or written last, by name. */
    #known = new Map();

    constructor({ storage = globalThis.localStorage, prefix = 'rostrum.positions.' } = {}) {
        if (!storage) throw new TypeError('there is no localStorage here');
        this.#storage = storage;
        this.#prefix = prefix;
    }

    async get(name) {
        const positions = this.#read(name);
        this.#known.set(name, positions);
        return positions;
    }

    async set(name, positions) {
        const before = this.#known.get(name) ?? {};
        const merged = { ...this.#read(name) };
        for (const channel of Object.keys(before)) {
            if (!Object.hasOwn(positions, channel)) delete merged[channel];
        }
        for (const [channel, position] of Object.entries(positions)) {
            if (!isSamePosition(position, before[channel])) merged[channel] = position;
        }
        this.#storage.setItem(this.#prefix + name, JSON.stringify(merged));
        this.#known.set(name, positions);
    }

    #read(name) {
        const text = this.#storage.getItem(this.#prefix + name);
        if (text === null) return undefined;
        try {
            return JSON.parse(text);
        } catch {
            return undefined;
        }
    }
}

function isSamePosition(one, other) {
    return one?.Epoch === other?.Epoch && one?.MsgSeq === other?.MsgSeq && one?.EventSeq === other?.EventSeq;
}

/**
 * What has been seen of each channel.
 *
 * There are two positions of a channel. The one that was received is what the session resumes from. The one that is
 * stored follows when everything up to it has been handled, so that nothing is lost with the process: an event that
 * waits in a `for await` loop when the process ends comes again.
 */
class PositionLedger {
    #store;
    #name;
    #received = new Map();
    #stored = new Map();
    #entries = [];
    #isDirty = false;
    #saving;
    #savingFailed = 0;
    #savingTimer;
    #isFrozen = false;
    #clock;

    constructor(store, name, clock) {
        this.#store = store;
        this.#name = name;
        this.#clock = clock;
    }

    read() {
        return this.#store.get(this.#name);
    }

    /**
     * Begins with what was read.
     *
     * @returns whether there was anything
     */
    load(loaded) {
        for (const [channel, position] of Object.entries(loaded ?? {})) {
            if (typeof position?.Epoch !== 'string' || !Number.isSafeInteger(position.MsgSeq)) continue;
            this.#received.set(channel, position);
            this.#stored.set(channel, position);
        }
        return loaded !== undefined && loaded !== null;
    }

    get channels() {
        return [...this.#received.keys()];
    }

    /** The position to resume from. */
    get(channel) {
        const known = this.#received.get(channel);
        return known && bare(known);
    }

    /** Whether an event is one that was not seen before. */
    isNews(channel, type, event) {
        const known = this.#received.get(channel);
        // At its beginning nothing of a channel has been seen: what the server counted in may still be on its way.
        if (!known || known.Epoch !== event.Epoch || known.isBeginning) return true;
        if (known.EventSeq !== undefined) return event.EventSeq > known.EventSeq;
        return type !== 'message' || event.MsgSeq > known.MsgSeq;
    }

    /** Whether a channel is another one than the one that is known by its name. */
    hasOtherEpoch(channel, epoch) {
        const known = this.#received.get(channel);
        return known !== undefined && known.Epoch !== epoch;
    }

    /** Begins a channel at its head. */
    begin(channel, position) {
        return this.advance(channel, { ...position, isBeginning: true });
    }

    /**
     * Moves the position that was received; the stored one follows when the entry is settled.
     *
     * @param position null to forget the channel
     */
    advance(channel, position) {
        if (position === null) this.#received.delete(channel);
        else this.#received.set(channel, position);
        const entry = { channel, position, isSettled: false };
        if (!this.#isFrozen) this.#entries.push(entry);
        return entry;
    }

    /** What belongs to an entry has been handled; entries are stored in their order. */
    settle(entry) {
        entry.isSettled = true;
        if (this.#isFrozen) return;
        while (this.#entries[0]?.isSettled) {
            const { channel, position } = this.#entries.shift();
            if (position === null) this.#stored.delete(channel);
            else this.#stored.set(channel, bare(position));
            this.#isDirty = true;
        }
        if (this.#isDirty && this.#savingTimer === undefined) this.#saving ??= this.#save();
    }

    /** Somebody left with events unhandled: the stored positions stay before them. */
    freeze() {
        this.#isFrozen = true;
        this.#entries = [];
    }

    /** Goes back to before what was left unhandled. */
    thaw() {
        if (!this.#isFrozen) return;
        this.#isFrozen = false;
        this.#received = new Map(this.#stored);
    }

    /** Stores what is not stored yet; after a failure only once more. */
    async flush() {
        await this.#saving;
        if (this.#isDirty) await (this.#saving = this.#save());
        this.#stopTimer();
    }

    async #save() {
        this.#stopTimer();
        // What is settled in one turn is written once.
        await undefined;
        while (this.#isDirty && this.#savingTimer === undefined) {
            this.#isDirty = false;
            try {
                await this.#store.set(this.#name, Object.fromEntries(this.#stored));
                this.#savingFailed = 0;
            } catch (error) {
                this.#isDirty = true;
                this.#saveLater();
                report(error);
            }
        }
        this.#saving = undefined;
    }

    #saveLater() {
        const delay = Math.min(30_000, 1000 * 2 ** this.#savingFailed);
        this.#savingFailed += 1;
        this.#savingTimer = this.#clock.setTimeout(() => (this.#saving ??= this.#save()), delay);
    }

    #stopTimer() {
        this.#clock.clearTimeout(this.#savingTimer);
        this.#savingTimer = undefined;
    }
}

function bare({ Epoch, MsgSeq, EventSeq }) {
    return { Epoch, MsgSeq, EventSeq };
}

/* ---------------------------------------------------------------------------------------------------------------- */
/* Events                                                                                                           */

/** The events of a session for one `for await` loop. */
class EventStream {
    #queue = [];
    #waiting = [];
    #taken = [];
    #end;
    #whenLeft;
    #whenTaken;

    constructor({ whenLeft, whenTaken }) {
        this.#whenLeft = whenLeft;
        this.#whenTaken = whenTaken;
    }

    get backlog() {
        return this.#queue.length;
    }

    /** @param settle what to call when the event has been handled, if anything depends on it */
    push(event, settle) {
        const waiting = this.#waiting.shift();
        if (!waiting) return void this.#queue.push({ event, settle });
        this.#taken.push(settle);
        waiting.resolve({ value: event, done: false });
    }

    finish(error) {
        this.#end ??= { error };
        for (const waiting of this.#waiting.splice(0)) this.#finish(waiting);
    }

    #finish({ resolve, reject }) {
        const { error } = this.#end;
        // An error is thrown once; after it the loop is over.
        this.#end = {};
        if (error) reject(error);
        else resolve({ value: undefined, done: true });
    }

    /** Asking for the next event says that the one before has been handled. */
    next() {
        for (const settle of this.#taken.splice(0)) settle?.();
        const first = this.#queue.shift();
        if (first) {
            this.#taken.push(first.settle);
            this.#whenTaken();
            return Promise.resolve({ value: first.event, done: false });
        }
        return new Promise((resolve, reject) => {
            if (this.#end) this.#finish({ resolve, reject });
            else this.#waiting.push({ resolve, reject });
        });
    }

    /** The loop was left, perhaps by an error: what it was handling then is unhandled. */
    return() {
        const unhandled = [...this.#taken, ...this.#queue.map(({ settle }) => settle)];
        this.#taken = [];
        this.#queue = [];
        this.#whenLeft(this, unhandled.some((settle) => settle !== undefined));
        this.#end = {};
        return Promise.resolve({ value: undefined, done: true });
    }

    [Symbol.asyncIterator]() {
        return this;
    }
}

/* ---------------------------------------------------------------------------------------------------------------- */
/* The live connection                                                                                              */

/** Notifications that belong to a channel, and what their events are called here. */
const channelEvents = {
    onRecvNewMessage: 'message',
    onRecvMessageRevoked: 'revoked',
    onOfficialAccountInfoChanged: 'infoChanged',
    onOfficialAccountDeleted: 'deleted',
    onOfficialAccountSubscribed: 'subscribed',
    onOfficialAccountUnsubscribed: 'unsubscribed',
};

/** Events that the server can bring again, with `resume`. */
function isStored(type, event) {
    return type === 'revoked' || type === 'infoChanged' || (type === 'message' && event.OnlineOnlyFlag !== 1);
}

/**
 * The notifications of channels that wait: for an answer to `resume`, which is older than they are, or for a loop that
 * cannot follow. There is a bound for all of them together; beyond it, what the server can bring again is dropped.
 */
class HeldEvents {
    #channels = new Map();
    #count = 0;

    get channels() {
        return [...this.#channels.keys()];
    }

    has(channel) {
        return this.#channels.has(channel);
    }

    begin(channel) {
        if (!this.has(channel)) this.#channels.set(channel, { events: [], hasGap: false });
    }

    add(channel, type, event) {
        const held = this.#channels.get(channel);
        if (this.#count >= mostHeld) {
            this.extract(channel, isStored);
            held.hasGap = true;
            if (isStored(type, event) || (type === 'message' && this.#count >= mostHeld)) return;
        }
        held.events.push([type, event]);
        this.#count += 1;
    }

    /** Whether something was dropped. */
    hasGap(channel) {
        return this.#channels.get(channel)?.hasGap === true;
    }

    closeGap(channel) {
        this.#channels.get(channel).hasGap = false;
    }

    /** Takes out the events of a channel that are so. */
    extract(channel, isSo) {
        const held = this.#channels.get(channel);
        const extracted = held.events.filter(([type, event]) => isSo(type, event));
        held.events = held.events.filter(([type, event]) => !isSo(type, event));
        this.#count -= extracted.length;
        return extracted;
    }

    /** The channel waits no longer. */
    release(channel) {
        if (!this.has(channel)) return [];
        const events = this.extract(channel, () => true);
        this.#channels.delete(channel);
        return events;
    }
}

/** Close codes that ask for patience: the client did too much. */
const slowCodes = new Set([1008, 4429]);
/** Close codes for what only the client can have done wrong, and would do again. */
const faultCodes = new Set([1002, 1003, 1007, 1009]);

/** Why a session ended for good, when no notification said it. */
const endings = { 4403: 'disabled', 4409: 'replaced' };
/** The code that goes with the reason of `onKickedOffline`, should the connection break before it comes. */
const kickCodes = { kicked: 4401, replaced: 4409, deleted: 4403, disabled: 4403 };

const largestRequest = 65_536;
/** Somewhat less than the server allows on one connection: 200 requests at once, then 50 a second. */
const allowance = { burst: 150, perSecond: 40 };
const channelsOfOneResume = 100;
const channelsOfOnePage = 200;
/** A loop that is so far behind gets nothing more until it has done half of it. */
const longestBacklog = 1000;
const mostHeld = 512;
/** Of how many online-only posts it is known that they came on this connection. */
const mostRemembered = 4096;
/** A connection that held for so long was a good one: the next attempt is a first one. */
const goodConnectionMs = 5000;

/**
 * A user's live connection. It logs in, reconnects, and brings what was missed meanwhile.
 *
 * Events come to `on` listeners and to `for await` loops over the session, in the order of each channel, and none twice
 * as long as the position store lives.
 */
export class SubscriberSession {
    #options;
    #credentials;
    #ledger;
    #listeners = new Map();
    #streams = new Set();
    #requests = new Map();
    #lastID = 0;
    #state = 'idle';
    /** The connection of the moment: everything that ends with it. */
    #link = null;
    #attempt = 0;
    #retryTimer;
    /** A loop cannot follow: what comes is held, and nothing more is asked for. */
    #isPaused = false;
    #hasLoaded = false;
    #hasPast = false;
    #hasRenewed = false;
    #ready;

    constructor(options) {
        required(options, 'url', 'sdkAppID', 'identifier', 'userSig');
        this.#options = withDefaults(options, {
            platform: 'Web',
            positions: new MemoryPositionStore(),
            WebSocket: globalThis.WebSocket,
            connectTimeoutMs: 10_000,
            requestTimeoutMs: 15_000,
            heartbeatMs: 45_000,
            clock: systemClock,
            random: Math.random,
        });
        if (typeof this.#options.WebSocket !== 'function') {
            throw new TypeError('there is no WebSocket here; pass its constructor as the option WebSocket');
        }
        this.#credentials = new Credentials(options.userSig);
        this.#ledger = this.#makeLedger();
    }

    #makeLedger() {
        const { positions, sdkAppID, identifier, clock } = this.#options;
        return new PositionLedger(positions, `${sdkAppID}/${identifier}`, clock);
    }

    /** `idle`, `connecting`, `online`, `waiting` before the next attempt, or `ended`. */
    get state() {
        return this.#state;
    }

    /** Connects, and resolves when the user is logged in. Until then it goes on trying, unless the login is refused. */
    connect() {
        if (this.#state === 'idle' || this.#state === 'ended') {
            this.#ready = deferred();
            // Not everybody waits for it; then its failure is told by events alone.
            this.#ready.promise.catch(() => {});
            this.#attempt = 0;
            this.#hasRenewed = false;
            globalThis.addEventListener?.('online', this.#retryNow);
            this.#open();
        }
        return this.#ready.promise;
    }

    /** Ends the session; resolves when the positions are stored. */
    async close() {
        const link = this.#link;
        this.#drop(link, new ConnectionError('the session was closed'));
        if (this.#state !== 'idle' && this.#state !== 'ended') this.#end('closed', 1000);
        await this.#ledger.flush();
    }

    /** @returns a function that takes the listener away again */
    on(type, listener) {
        if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
        this.#listeners.get(type).add(listener);
        return () => this.off(type, listener);
    }

    off(type, listener) {
        this.#listeners.get(type)?.delete(listener);
    }

    /** All events, as `{ type, data }`; connects when nobody has yet. */
    [Symbol.asyncIterator]() {
        const stream = new EventStream({
            whenLeft: (left, hasUnhandled) => {
                this.#streams.delete(left);
                if (hasUnhandled) this.#ledger.freeze();
                this.#unpause();
            },
            whenTaken: () => this.#unpause(),
        });
        if (this.#state === 'ended') {
            stream.finish();
            return stream;
        }
        this.#streams.add(stream);
        if (this.#state === 'idle') this.connect();
        return stream;
    }

    /* The methods of the protocol. */

    subscribeOfficialAccount(channel) {
        return this.request('subscribeOfficialAccount', { Official_Account: channel }, { isRepeatable: false });
    }

    async unsubscribeOfficialAccount(channel) {
        await this.request('unsubscribeOfficialAccount', { Official_Account: channel }, { isRepeatable: false });
    }

    async getOfficialAccountsInfo(channels = []) {
        if (channels.length === 0) return this.#subscribed((method, params) => this.request(method, params));
        const list = channels.map((channel) => ({ Official_Account: channel }));
        const answer = await this.request('getOfficialAccountsInfo', { OfficialAccountIdList: list });
        return answer.OfficialAccountInfoList;
    }

    /** The channels that the user subscribes to. A server that says nothing of a next page gives all at once. */
    async #subscribed(ask) {
        const items = [];
        for (let Offset = 0; ; ) {
            const page = { OfficialAccountIdList: [], Offset, Limit: channelsOfOnePage };
            const { OfficialAccountInfoList, Next = 0 } = await ask('getOfficialAccountsInfo', page);
            items.push(...OfficialAccountInfoList);
            if (Next <= Offset) return items;
            Offset = Next;
        }
    }

    getOfficialAccountList(page = {}) {
        return this.request('getOfficialAccountList', page);
    }

    async setReceiveMessageOpt(channel, flag) {
        await this.request('setReceiveMessageOpt', { Official_Account: channel, MsgFlag: flag });
    }

    getHistoryMessageList(channel, page = {}) {
        return this.request('getHistoryMessageList', { ...page, Official_Account: channel });
    }

    async markMessageAsRead(channel, msgSeq) {
        await this.request('markMessageAsRead', { Official_Account: channel, MsgSeq: msgSeq });
    }

    async getUnreadMessageCount(channel) {
        return (await this.request('getUnreadMessageCount', { Official_Account: channel })).UnreadMsgNum;
    }

    /**
     * Any method of the protocol. Waits for a connection that is not there at the moment.
     *
     * @param isRepeatable whether it may be sent again on the next connection when this one breaks before the answer
     */
    request(method, params = {}, { isRepeatable = true } = {}) {
        // The server sends live what no answer had; an answer that goes elsewhere would be missing here.
        if (method === 'resume') return Promise.reject(new TypeError('resume: the session does that itself'));
        if (this.#state === 'idle' || this.#state === 'ended') {
            return Promise.reject(new ConnectionError(`${method}: the session is not connected`));
        }
        return this.#enqueue(method, params, { isRepeatable });
    }

    /* Requests and their answers. */

    /** A request of the session itself belongs to one connection, and ends with it. */
    #ask(link, method, params) {
        return this.#enqueue(method, params, { link });
    }

    #enqueue(method, params, { link = null, isRepeatable = false }) {
        const id = (this.#lastID += 1);
        const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
        if (new TextEncoder().encode(text).length > largestRequest) {
            return Promise.reject(new RangeError(`${method}: a request has at most ${largestRequest} bytes`));
        }
        const { promise, resolve, reject } = deferred();
        const request = { id, method, text, link, isRepeatable, resolve, reject, timer: undefined, sentOn: null };
        this.#requests.set(id, request);
        this.#limit(request);
        this.#sendWaiting(this.#link);
        return promise;
    }

    /** A request has its time for the wait for a connection, and again from when it is sent. */
    #limit(request) {
        const { clock, requestTimeoutMs } = this.#options;
        clock.clearTimeout(request.timer);
        request.timer = clock.setTimeout(() => {
            request.timer = undefined;
            // It waits for its turn only.
            if (request.sentOn === null && this.#link?.isOnline) return;
            this.#requests.delete(request.id);
            const error = new ConnectionError(`${request.method}: no answer within ${requestTimeoutMs} ms`);
            request.reject(error);
            if (request.link) this.#lose(request.link, { error });
        }, requestTimeoutMs);
    }

    #send(request, link) {
        link.allowance -= 1;
        request.sentOn = link;
        this.#limit(request);
        link.socket.send(request.text);
    }

    /** Sends what waits, as fast as the server allows; before the login was taken, what belongs to it. */
    #sendWaiting(link) {
        if (!link?.isOpen || this.#link !== link) return;
        const { clock } = this.#options;
        const refill = ((clock.now() - link.refilledAt) / 1000) * allowance.perSecond;
        link.allowance = Math.min(allowance.burst, link.allowance + refill);
        link.refilledAt = clock.now();
        for (const request of this.#requests.values()) {
            if (request.sentOn !== null || (request.link === null ? !link.isOnline : request.link !== link)) continue;
            if (link.allowance < 1) {
                link.sendTimer ??= clock.setTimeout(() => {
                    link.sendTimer = undefined;
                    this.#sendWaiting(link);
                }, 100);
                return;
            }
            this.#send(request, link);
        }
    }

    #answered({ id, result, error }) {
        const request = this.#requests.get(id);
        if (!request) return;
        this.#requests.delete(id);
        this.#options.clock.clearTimeout(request.timer);
        if (error) request.reject(new RostrumError(error.code, error.message));
        else request.resolve(result);
    }

    /** What happens to requests when a connection is gone: those that may are sent again on the next one. */
    #abandonRequests(link, error) {
        for (const request of this.#requests.values()) {
            const wasSent = request.sentOn === link;
            if (request.link === link || (wasSent && !request.isRepeatable)) {
                this.#reject(request, error);
            } else if (wasSent || request.timer === undefined) {
                request.sentOn = null;
                this.#limit(request);
            }
        }
    }

    #reject(request, cause) {
        this.#requests.delete(request.id);
        this.#options.clock.clearTimeout(request.timer);
        request.reject(new ConnectionError(`${request.method}: ${cause.message}`, { cause }));
    }

    /* Connecting. */

    async #open() {
        const link = {
            socket: null, userSig: undefined, isOpen: false, isOnline: false, onlineSince: 0, lastHeard: 0,
            timer: undefined, kickReason: undefined, isExpired: false,
            /** Requests that may be sent at once. */
            allowance: allowance.burst, refilledAt: this.#options.clock.now(), sendTimer: undefined,
            /** Channels with a position when the connection opened, and those that began on it. */
            known: new Set(),
            held: new HeldEvents(),
            /** Channels that are to be resumed. */
            behind: new Set(),
            /** Channels whose answer to `resume` is awaited. */
            asked: new Set(),
            /** Online-only posts that came. */
            onlineOnly: new Set(),
            isCatchingUp: false,
        };
        this.#link = link;
        this.#ledger.thaw();
        const { clock, connectTimeoutMs, WebSocket } = this.#options;
        link.timer = clock.setTimeout(() => {
            this.#credentials.giveUp();
            this.#lose(link, { error: new ConnectionError(`no connection within ${connectTimeoutMs} ms`) });
        }, connectTimeoutMs);
        this.#setState('connecting');
        try {
            if (!this.#hasLoaded) {
                const positions = await this.#ledger.read();
                if (this.#link !== link) return;
                this.#hasPast = this.#ledger.load(positions);
                this.#hasLoaded = true;
            }
            link.userSig = await this.#credentials.get();
        } catch (error) {
            return this.#lose(link, { error });
        }
        if (this.#link !== link) return;
        try {
            link.socket = new WebSocket(this.#address(), ['rostrum.v1', link.userSig]);
        } catch (error) {
            // Neither a bad address nor a UserSig with letters that none has gets better by waiting.
            this.#drop(link, error);
            return this.#end('refused', 0, error);
        }
        const whileCurrent = (action) => (event) => {
            if (this.#link === link) action(event);
        };
        link.socket.addEventListener('open', whileCurrent(() => this.#greet(link)));
        link.socket.addEventListener('message', whileCurrent(({ data }) => this.#hear(link, data)));
        link.socket.addEventListener('error', () => {});
        link.socket.addEventListener('close', whileCurrent(({ code, reason }) => this.#lose(link, { code, reason })));
    }

    #address() {
        const { url, sdkAppID, identifier, platform } = this.#options;
        const target = resolveURL(url.replace(/^http/, 'ws'), 'v4/ws');
        target.search = new URLSearchParams({ sdkappid: sdkAppID, identifier, platform });
        return target.href;
    }

    /** The first answer, not the open socket, says that the login was taken. */
    async #greet(link) {
        link.isOpen = true;
        link.known = new Set(this.#ledger.channels);
        try {
            const asked = this.#subscribed((method, params) => this.#ask(link, method, params));
            this.#catchUp(link, link.known);
            const items = await asked;
            if (this.#link !== link) return;
            this.#begin(link, items);
            if (this.#link === link) this.#arrive(link);
        } catch (error) {
            this.#lose(link, { error });
        }
    }

    /** Channels of which nothing is known begin at their head, so that whatever follows can be resumed. */
    #begin(link, items) {
        for (const item of items) {
            const channel = item.Official_Account;
            if (item.ErrorCode !== 0 || link.known.has(channel)) continue;
            const isUnknown = this.#ledger.get(channel) === undefined;
            const entry = isUnknown ? this.#ledger.begin(channel, head(item)) : undefined;
            if (!this.#hasPast) {
                if (entry) this.#ledger.settle(entry);
                continue;
            }
            // He subscribed while the session was away; what was sent since then is in the history only.
            this.#emit('subscribed', item);
            this.#emit('reload', { Official_Account: channel, subscribed: true, ...head(item) }, entry);
        }
        this.#hasPast = true;
    }

    #arrive(link) {
        const { clock } = this.#options;
        clock.clearTimeout(link.timer);
        link.isOnline = true;
        link.onlineSince = clock.now();
        this.#hasRenewed = false;
        this.#watch(link);
        this.#sendWaiting(link);
        this.#setState('online');
        this.#ready.resolve();
    }

    /** A page sees no pings, so it asks something that costs nothing when it has heard nothing for a while. */
    #watch(link) {
        const { clock, heartbeatMs } = this.#options;
        if (heartbeatMs === 0) return;
        link.timer = clock.setTimeout(async () => {
            try {
                if (clock.now() - link.lastHeard >= heartbeatMs) await this.#ask(link, 'resume', {});
            } catch (error) {
                if (!(error instanceof RostrumError)) return;
            }
            if (this.#link === link) this.#watch(link);
        }, heartbeatMs);
    }

    /* Losing a connection. */

    /** Detaches a connection, whose socket may not notice for minutes that it is dead. */
    #drop(link, error) {
        if (this.#link !== link) return false;
        this.#link = null;
        this.#options.clock.clearTimeout(this.#retryTimer);
        if (link) {
            this.#options.clock.clearTimeout(link.timer);
            this.#options.clock.clearTimeout(link.sendTimer);
            link.socket?.close(1000);
            this.#abandonRequests(link, error);
        }
        return true;
    }

    #lose(link, { code = 0, reason = '', error }) {
        const refusal = refusalIn(reason);
        const isTemporary = !faultCodes.has(code);
        const cause = error ?? refusal ?? new ConnectionError(`the connection ended (${code})`, { isTemporary });
        if (!this.#drop(link, cause)) return;
        const wasGood = link.isOnline && this.#options.clock.now() - link.onlineSince >= goodConnectionMs;
        if (wasGood) this.#attempt = 0;
        if (link.kickReason !== undefined) {
            const kickCode = kickCodes[link.kickReason] ?? code;
            const kick = new RostrumError(kickCode, `the session ended: ${link.kickReason}`);
            return this.#end(link.kickReason, kickCode, kick);
        }
        if (code === 4401 || link.isExpired) {
            const mayRenew = this.#credentials.canRenew && !this.#hasRenewed;
            if (!mayRenew) return this.#end('refused', code, refusal ?? new RostrumError(code, 'the UserSig expired'));
            this.#hasRenewed = true;
            this.#credentials.discard(link.userSig);
        } else if (code >= 4400 && code <= 4499 && code !== 4429) {
            const ending = endings[code] ?? 'refused';
            return this.#end(ending, code, refusal ?? new RostrumError(code, `the session ended: ${ending}`));
        }
        if (faultCodes.has(code)) return this.#end('fault', code, cause);
        this.#retry(slowCodes.has(code) ? 5000 : 0, cause);
    }

    #retry(leastMs, error) {
        const { clock, random } = this.#options;
        const retryInMs = Math.round(leastMs + backoff(this.#attempt, random, { first: 1000, longest: 30_000 }));
        this.#attempt += 1;
        this.#retryTimer = clock.setTimeout(() => this.#open(), retryInMs);
        this.#setState('waiting', { retryInMs, error });
    }

    /** The machine has a network again. */
    #retryNow = () => {
        if (this.#state !== 'waiting') return;
        this.#options.clock.clearTimeout(this.#retryTimer);
        this.#open();
    };

    #end(reason, closeCode, error) {
        globalThis.removeEventListener?.('online', this.#retryNow);
        this.#isPaused = false;
        this.#state = 'ended';
        const cause = error ?? new ConnectionError('the session was closed');
        for (const request of this.#requests.values()) this.#reject(request, cause);
        this.#ready.reject(cause);
        this.#emit('state', { state: 'ended', error });
        this.#emit('ended', { reason, closeCode, error });
        for (const stream of this.#streams) stream.finish(error);
        this.#streams.clear();
    }

    #setState(state, details = {}) {
        this.#state = state;
        this.#emit('state', { state, ...details });
    }

    #unpause() {
        if (!this.#isPaused || [...this.#streams].some(({ backlog }) => backlog > longestBacklog / 2)) return;
        this.#isPaused = false;
        const link = this.#link;
        if (!link) return;
        for (const channel of link.held.channels) this.#release(link, channel);
        this.#catchUp(link, []);
    }

    /* What the server says. */

    #hear(link, data) {
        link.lastHeard = this.#options.clock.now();
        let message;
        try {
            message = Object(JSON.parse(data));
        } catch (cause) {
            return this.#lose(link, { error: new ConnectionError('the server sent no JSON', { cause }) });
        }
        if (message.method === undefined) return this.#answered(message);
        const { method, params = {} } = message;
        const type = channelEvents[method];
        if (type) return this.#take(link, type, params);
        switch (method) {
            case 'onLagging': return this.#lagged(link, params);
            case 'onKickedOffline':
                link.kickReason = params.Reason;
                return this.#emit('kicked', params);
            case 'onUserSigExpired':
                link.isExpired = true;
                return this.#emit('userSigExpired', {});
        }
    }

    /** What comes while a channel is resumed waits for the answer, which is older. */
    #take(link, type, params) {
        const channel = params.Official_Account;
        if (this.#isPaused) link.held.begin(channel);
        if (link.held.has(channel)) link.held.add(channel, type, params);
        else this.#apply(link, type, params);
    }

    #apply(link, type, event) {
        const channel = event.Official_Account;
        switch (type) {
            case 'subscribed':
                link.known.add(channel);
                return this.#emit(type, event, this.#ledger.begin(channel, head(event)));
            case 'unsubscribed':
            case 'deleted':
                return this.#emit(type, event, this.#ledger.advance(channel, null));
        }
        if (!this.#isNews(link, type, event)) return;
        if (this.#ledger.hasOtherEpoch(channel, event.Epoch)) {
            const { Epoch, EventSeq } = event;
            const entry = this.#ledger.advance(channel, null);
            this.#emit('reload', { Official_Account: channel, subscribed: true, Epoch, EventSeq }, entry);
        }
        this.#emitAt(type, event);
    }

    /** An online-only post may come after an answer that counted it: its number alone says nothing. */
    #isNews(link, type, event) {
        const channel = event.Official_Account;
        if (event.OnlineOnlyFlag !== 1) return this.#ledger.isNews(channel, type, event);
        const name = `${channel}/${event.Epoch}/${event.EventSeq}`;
        if (link.onlineOnly.has(name)) return false;
        link.onlineOnly.add(name);
        if (link.onlineOnly.size > mostRemembered) {
            const [oldest] = link.onlineOnly;
            link.onlineOnly.delete(oldest);
        }
        return true;
    }

    /** Hands out an event of a channel and moves the channel's position with it, but not back. */
    #emitAt(type, event) {
        const channel = event.Official_Account;
        if (!this.#ledger.isNews(channel, type, event)) return this.#emit(type, event);
        const known = this.#ledger.get(channel);
        // A recall names the number of another post, and without a position there is no number to begin with.
        const MsgSeq = type === 'message' ? event.MsgSeq : known?.MsgSeq ?? event.HeadMsgSeq;
        const position = { Epoch: event.Epoch, MsgSeq, EventSeq: event.EventSeq };
        this.#emit(type, event, MsgSeq === undefined ? undefined : this.#ledger.advance(channel, position));
    }

    #emit(type, data, entry) {
        let open = 1;
        const settle = () => {
            open -= 1;
            if (open === 0 && entry) this.#ledger.settle(entry);
        };
        for (const listener of [...(this.#listeners.get(type) ?? [])]) {
            try {
                listener(data);
            } catch (error) {
                report(error);
            }
        }
        for (const stream of this.#streams) {
            open += 1;
            stream.push({ type, data }, entry && settle);
            if (stream.backlog >= longestBacklog) this.#isPaused = true;
        }
        settle();
    }

    /* Catching up. */

    #lagged(link, heads) {
        for (const [channel, position] of Object.entries(heads)) {
            if (this.#ledger.get(channel) !== undefined || link.held.has(channel)) continue;
            // Where this channel was left is not known, so nobody can tell what is missing.
            const entry = this.#ledger.begin(channel, position);
            this.#emit('reload', { Official_Account: channel, subscribed: true, ...bare(position) }, entry);
        }
        this.#catchUp(link, Object.keys(heads));
    }

    #catchUp(link, channels) {
        for (const channel of channels) {
            link.held.begin(channel);
            link.behind.add(channel);
        }
        if (link.isCatchingUp) return;
        link.isCatchingUp = true;
        this.#resumeAll(link).catch((error) => this.#lose(link, { error }));
    }

    async #resumeAll(link) {
        while (link.behind.size > 0 && !this.#isPaused) {
            const positions = {};
            for (const channel of [...link.behind].slice(0, channelsOfOneResume)) {
                link.behind.delete(channel);
                const position = this.#ledger.get(channel);
                if (position) {
                    positions[channel] = position;
                    link.asked.add(channel);
                    // What was dropped before the question is in the answer.
                    link.held.closeGap(channel);
                } else {
                    this.#release(link, channel);
                }
            }
            if (Object.keys(positions).length === 0) continue;
            const answers = await this.#ask(link, 'resume', positions);
            let hasComeOn = false;
            for (const [channel, from] of Object.entries(positions)) {
                if (this.#link !== link) return;
                this.#resumed(link, channel, answers[channel]);
                hasComeOn ||= !answers[channel].more || !isSamePosition(answers[channel], from);
            }
            // One answer has room for so much; channels for which there was none are asked about again.
            if (!hasComeOn) throw new ConnectionError('the server has more, but does not come on with resume');
        }
        link.isCatchingUp = false;
    }

    #resumed(link, channel, answer) {
        if (!answer) throw new ConnectionError('the server left a channel out of its answer to resume');
        link.asked.delete(channel);
        if (answer.reload) {
            const subscribed = answer.Epoch !== undefined;
            const position = subscribed ? bare(answer) : null;
            if (!subscribed) link.held.closeGap(channel);
            const entry = this.#ledger.advance(channel, position);
            this.#emit('reload', { Official_Account: channel, subscribed, ...position }, entry);
        } else {
            const { messages, revoked = [], infoChanged } = answer;
            const events = messages.map((event) => ['message', event]);
            for (const event of revoked) events.push(['revoked', event]);
            if (infoChanged) events.push(['infoChanged', infoChanged]);
            events.push(...link.held.extract(channel, (_, event) => event.OnlineOnlyFlag === 1 && isIn(answer, event)));
            events.sort(([, one], [, other]) => one.EventSeq - other.EventSeq);
            for (const [type, event] of events) {
                if (this.#link !== link) return;
                if (this.#isNews(link, type, event)) this.#emitAt(type, event);
            }
            this.#ledger.settle(this.#ledger.advance(channel, bare(answer)));
        }
        // What the answer had, or made superfluous, leaves room.
        const isOld = (type, event) => isStored(type, event) && !this.#ledger.isNews(channel, type, event);
        link.held.extract(channel, isOld);
        if (answer.more) link.behind.add(channel);
        this.#release(link, channel);
    }

    /** Lets what is held of a channel go, unless there is something left to wait for. */
    #release(link, channel) {
        if (this.#isPaused || link.asked.has(channel) || link.behind.has(channel)) return;
        if (link.held.hasGap(channel)) {
            if (this.#ledger.get(channel) !== undefined) return this.#catchUp(link, [channel]);
            this.#emit('reload', { Official_Account: channel, subscribed: true });
        }
        for (const [type, event] of link.held.release(channel)) {
            if (this.#link === link) this.#apply(link, type, event);
        }
    }
}

/** Whether an event happened before the position of an answer. */
function isIn({ Epoch, EventSeq }, event) {
    return event.Epoch === Epoch && event.EventSeq <= EventSeq;
}

/** Where a channel item says that the channel stood. */
function head({ Epoch, HeadMsgSeq, HeadEventSeq }) {
    return { Epoch, MsgSeq: HeadMsgSeq, EventSeq: HeadEventSeq };
}

/** The envelope in a close reason, as an error. */
function refusalIn(reason) {
    try {
        const { ErrorCode, ErrorInfo } = JSON.parse(reason);
        return Number.isInteger(ErrorCode) ? new RostrumError(ErrorCode, ErrorInfo) : undefined;
    } catch {
        return undefined;
    }
}

function deferred() {
    const result = {};
    result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
    return result;
}
