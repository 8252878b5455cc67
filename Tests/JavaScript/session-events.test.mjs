import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { LocalStoragePositionStore, MemoryPositionStore } from '../../Sources/Web/SDK/rostrum.js';
import { ManualClock } from './support/manual-clock.mjs';
import { item, makeOnlineSession, makeSession, message, news, position, recall, sport, take, until } from './support/session.mjs';

const name = '88888888/anna';

test('each notification is an event with its params', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 0)] });
    const cases = [
        ['onRecvNewMessage', 'message', message(news, 1)],
        ['onRecvMessageRevoked', 'revoked', recall(news, 1, 2)],
        ['onOfficialAccountInfoChanged', 'infoChanged', { ...item(news, 1, 3), EventSeq: 3 }],
        ['onOfficialAccountDeleted', 'deleted', { Official_Account: news, Epoch: 'e1', EventSeq: 4 }],
        ['onOfficialAccountSubscribed', 'subscribed', item(sport, 9)],
        ['onOfficialAccountUnsubscribed', 'unsubscribed', { Official_Account: sport }],
    ];

    for (const [method, , params] of cases) connection.notify(method, params);

    for (const [, type, data] of cases) assert.deepEqual(await events.take(), { type, data });
});

test('a listener that was taken away hears nothing', async (t) => {
    const { session, connection, events } = await makeOnlineSession(t, { items: [item(news, 0)] });
    const heard = [];
    const off = session.on('message', ({ MsgSeq }) => heard.push(MsgSeq));

    connection.notify('onRecvNewMessage', message(news, 1));
    await take(events, 1);
    off();
    connection.notify('onRecvNewMessage', message(news, 2));
    await take(events, 1);

    assert.deepEqual(heard, [1]);
});

test('a listener that throws is reported and keeps nobody else from hearing', async (t) => {
    const { session, connection } = await makeOnlineSession(t, { items: [item(news, 0)] });
    const reported = [];
    globalThis.reportError = (error) => reported.push(error.message);
    t.after(() => delete globalThis.reportError);
    session.on('message', () => { throw new Error('my own fault'); });
    const heard = [];
    session.on('message', ({ MsgSeq }) => heard.push(MsgSeq));

    connection.notify('onRecvNewMessage', message(news, 1));
    await until(() => heard.length === 1);

    assert.deepEqual(reported, ['my own fault']);
});

test('what has a number at or below the position is dropped, channel by channel', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 0), item(sport, 0)] });

    for (const [channel, seq] of [[news, 1], [news, 2], [news, 2], [news, 1], [sport, 1], [news, 5], [news, 4], [news, 6]]) {
        connection.notify('onRecvNewMessage', message(channel, seq));
    }

    assert.deepEqual(await take(events, 5), [1, 2, 1, 5, 6]);
});

test('a post that the server had counted, but not sent when it said where the channel stood, is no repetition', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 7)] });

    connection.notify('onRecvNewMessage', message(news, 6));
    connection.notify('onRecvNewMessage', message(news, 7));
    connection.notify('onRecvNewMessage', message(news, 7));
    connection.notify('onRecvNewMessage', message(news, 8));

    assert.deepEqual(await take(events, 3), [6, 7, 8]);
});

test('a post of another epoch is news, and says that the channel is to be read anew', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 0)] });

    connection.notify('onRecvNewMessage', message(news, 5));
    connection.notify('onRecvNewMessage', message(news, 2, 2, 'e2'));
    connection.notify('onRecvNewMessage', message(news, 3, 3, 'e2'));

    assert.deepEqual(await take(events, 4), [5, 'reload', 2, 3]);
});

test('a channel that was destroyed and made again begins anew', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 8)] });

    connection.notify('onOfficialAccountDeleted', { Official_Account: news, Epoch: 'e1', EventSeq: 9 });
    connection.notify('onOfficialAccountSubscribed', item(news, 0, 0, 'e2'));
    connection.notify('onRecvNewMessage', message(news, 1, 1, 'e2'));

    assert.deepEqual(await take(events, 3), ['deleted', 'subscribed', 1]);
});

test('a loop over the session connects it and ends with it', async (t) => {
    const { server, session } = await makeSession(t);
    const seen = [];
    const loop = (async () => {
        for await (const { type, data } of session) seen.push(type === 'state' ? data.state : type);
    })();

    const connection = await server.login([item(news, 0)]);
    connection.notify('onRecvNewMessage', message(news, 1));
    await until(() => seen.includes('message'));
    await session.close();
    await loop;

    assert.deepEqual(seen, ['connecting', 'online', 'message', 'ended', 'ended']);
});

test('a loop throws what ended the session, once', async (t) => {
    const { connection, session } = await makeOnlineSession(t);
    const stream = session[Symbol.asyncIterator]();

    connection.close(4409);

    const types = [];
    await assert.rejects((async () => {
        for await (const { type } of stream) types.push(type);
    })(), { code: 4409 });
    assert.deepEqual(types, ['state', 'ended']);
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
});

test('a loop over a session that has ended is empty', async (t) => {
    const { session } = await makeOnlineSession(t);
    await session.close();

    for await (const event of session) assert.fail(`${event.type} after the end`);
});

test('a loop over a session that had ended does not keep the events of its next life', async (t) => {
    const { server, session } = await makeOnlineSession(t);
    await session.close();
    const stream = session[Symbol.asyncIterator]();
    session.connect();
    const connection = await server.login([item(news, 0)]);
    connection.notify('onRecvNewMessage', message(news, 1));
    await until(() => session.state === 'online');

    assert.deepEqual(await stream.next(), { value: undefined, done: true });
});

test('two loops both get everything', async (t) => {
    const { connection, session } = await makeOnlineSession(t, { items: [item(news, 0)] });
    const streams = [session[Symbol.asyncIterator](), session[Symbol.asyncIterator]()];

    connection.notify('onRecvNewMessage', message(news, 1));

    for (const stream of streams) assert.equal((await stream.next()).value.data.MsgSeq, 1);
});

test('positions are stored when listeners have heard', async (t) => {
    const positions = new MemoryPositionStore();
    const { connection, events, session } = await makeOnlineSession(t, { positions, items: [item(news, 3, 5), item(sport, 1)] });

    connection.notify('onRecvNewMessage', message(news, 4, 6));
    connection.notify('onRecvMessageRevoked', recall(news, 2, 7));
    connection.notify('onOfficialAccountUnsubscribed', { Official_Account: sport });
    await take(events, 3);
    await session.close();

    assert.deepEqual(await positions.get(name), { [news]: position(4, 7) });
});

test('a position is stored only when a loop has handled the event and asks for the next', async (t) => {
    const positions = new MemoryPositionStore();
    const { connection, session } = await makeOnlineSession(t, { positions, items: [item(news, 0)] });
    const stream = session[Symbol.asyncIterator]();
    for (const seq of [1, 2, 3]) connection.notify('onRecvNewMessage', message(news, seq));
    const stored = async () => (await positions.get(name))[news].MsgSeq;

    await stream.next();
    await stream.next();
    await until(async () => (await stored()) === 1);
    await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 10));

    assert.equal(await stored(), 2);
});

test('who leaves a loop early gets what he left behind when he connects again', async (t) => {
    const { server, connection, session } = await makeOnlineSession(t, { items: [item(news, 0)] });
    const stream = session[Symbol.asyncIterator]();
    let heard = 0;
    session.on('message', () => (heard += 1));
    for (const seq of [1, 2, 3]) connection.notify('onRecvNewMessage', message(news, seq));
    await until(() => heard === 3);
    for await (const { data } of stream) if (data.MsgSeq === 2) break;
    await session.close();

    session.connect();
    const next = await server.login();

    assert.deepEqual(await next.resume({ [news]: { messages: [], ...position(3) } }), { [news]: position(1) });
});

test('an event whose handling fails is not stored as handled', async (t) => {
    const positions = new MemoryPositionStore();
    const { connection, session } = await makeOnlineSession(t, { positions, items: [item(news, 0)] });
    const stream = session[Symbol.asyncIterator]();
    for (const seq of [1, 2]) connection.notify('onRecvNewMessage', message(news, seq));

    await assert.rejects((async () => {
        for await (const { data } of stream) if (data.MsgSeq === 2) throw new Error('my database is away');
    })(), /my database/);
    await session.close();

    assert.deepEqual(await positions.get(name), { [news]: position(1) });
});

test('what a loop left behind comes again with the next connection, and storing goes on', async (t) => {
    const positions = new MemoryPositionStore();
    const { server, connection, session, events } = await makeOnlineSession(t, { positions, items: [item(news, 0)] });
    const stream = session[Symbol.asyncIterator]();
    for (const seq of [1, 2]) connection.notify('onRecvNewMessage', message(news, seq));
    for await (const { data } of stream) if (data.MsgSeq === 2) break;

    connection.cut();
    const next = await server.login([item(news, 2)]);
    const asked = await next.resume({ [news]: { messages: [message(news, 2)], ...position(2) } });

    assert.deepEqual(asked, { [news]: position(1) });
    assert.deepEqual(await take(events, 3), [1, 2, 2]);
    await until(async () => (await positions.get(name))[news].MsgSeq === 2);
});

test('who leaves a loop at an event without a position leaves nothing behind', async (t) => {
    const positions = new MemoryPositionStore();
    const { server, session } = await makeSession(t, { positions });
    const loop = (async () => {
        for await (const { data } of session) if (data.state === 'online') break;
    })();
    const connection = await server.login([item(news, 0)]);
    await loop;

    connection.notify('onRecvNewMessage', message(news, 1));

    await until(async () => (await positions.get(name))[news].MsgSeq === 1);
});

test('a channel to be read anew is stored only when a loop has handled that', async (t) => {
    const positions = new MemoryPositionStore();
    const { connection, session } = await makeOnlineSession(t, { positions });
    const stream = session[Symbol.asyncIterator]();
    connection.notify('onLagging', { [news]: position(5) });

    assert.equal((await stream.next()).value.type, 'reload');
    assert.deepEqual((await positions.get(name)) ?? {}, {});
    stream.next();

    await until(async () => (await positions.get(name))?.[news].MsgSeq === 5);
});

test('a burst is stored in one go', async (t) => {
    const writes = [];
    const positions = { get: async () => undefined, set: async (_, value) => writes.push(value) };
    const { connection, events } = await makeOnlineSession(t, { positions });
    const items = Array.from({ length: 50 }, (_, index) => item(`@TOA#_${index}`, 0));
    await until(() => true);

    connection.notify('onLagging', Object.fromEntries(items.map((one) => [one.Official_Account, position(0)])));
    await take(events, 50);
    await until(() => writes.length > 0);

    assert.equal(writes.length, 1);
    assert.equal(Object.keys(writes[0]).length, 50);
});

test('a store that cannot write is reported, and the session goes on', async (t) => {
    const reported = [];
    globalThis.reportError = (error) => reported.push(error.message);
    t.after(() => delete globalThis.reportError);
    const positions = { get: async () => undefined, set: async () => { throw new Error('full'); } };
    const { connection, events } = await makeOnlineSession(t, { positions, items: [item(news, 0)] });

    connection.notify('onRecvNewMessage', message(news, 1));

    assert.deepEqual(await take(events, 1), [1]);
    await until(() => reported.includes('full'));
});

test('a store that could not write is tried again, also without anything new', async (t) => {
    const clock = new ManualClock();
    const written = [];
    let failures = 2;
    const positions = {
        get: async () => undefined,
        set: async (_, value) => {
            failures -= 1;
            if (failures >= 0) throw new Error('full');
            written.push(value);
        },
    };
    globalThis.reportError = () => {};
    t.after(() => delete globalThis.reportError);
    await makeOnlineSession(t, { clock, positions, heartbeatMs: 0, items: [item(news, 3)] });

    for (const delay of [1000, 2000]) {
        await until(() => clock.waiting.length === 1);
        assert.deepEqual(clock.waiting, [delay]);
        clock.advance(delay);
    }

    await until(() => written.length === 1);
    assert.deepEqual(written, [{ [news]: position(3) }]);
    assert.deepEqual(clock.waiting, []);
});

test('closing tries a store that cannot write once more, and leaves no timer', async (t) => {
    const clock = new ManualClock();
    let asked = 0;
    const positions = { get: async () => undefined, set: async () => { asked += 1; throw new Error('full'); } };
    globalThis.reportError = () => {};
    t.after(() => delete globalThis.reportError);
    const { session } = await makeOnlineSession(t, { clock, positions, items: [item(news, 3)] });
    await until(() => asked === 1);

    await session.close();

    assert.equal(asked, 2);
    assert.deepEqual(clock.waiting, []);
});

test('in Node, where there is no reportError, a listener or a store that fails does not end the process', async () => {
    const program = fileURLToPath(new URL('support/failing-program.mjs', import.meta.url));

    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);

    assert.equal(stdout, 'heard 1\nheard 2\n');
    assert.match(stderr, /my own fault/);
    assert.match(stderr, /the disk is full/);
});

test('a store that cannot read yet is asked again', async (t) => {
    let asked = 0;
    const positions = {
        get: async () => {
            asked += 1;
            if (asked === 1) throw new Error('locked');
            return { [news]: position(4) };
        },
        set: async () => {},
    };
    const { server, session } = await makeSession(t, { positions });
    session.connect();

    const connection = await server.login([item(news, 4)]);

    assert.deepEqual(await connection.resume({ [news]: { messages: [], ...position(4) } }), { [news]: position(4) });
});

test('localStorage keeps positions under a name of their own; what it cannot read is nothing', async () => {
    const kept = new Map([['rostrum.positions.broken', '{']]);
    const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
    const store = new LocalStoragePositionStore({ storage });

    assert.equal(await store.get(name), undefined);
    await store.set(name, { [news]: position(4) });

    assert.deepEqual(await new LocalStoragePositionStore({ storage }).get(name), { [news]: position(4) });
    assert.equal(await store.get('broken'), undefined);
    assert.deepEqual([...kept.keys()], ['rostrum.positions.broken', 'rostrum.positions.88888888/anna']);
    assert.throws(() => new LocalStoragePositionStore({ storage: null }), /localStorage/);
});

test('tabs that share localStorage leave each other’s channels alone', async () => {
    const kept = new Map();
    const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
    const [one, other] = [new LocalStoragePositionStore({ storage }), new LocalStoragePositionStore({ storage })];
    await one.set(name, { [news]: position(1), [sport]: position(1), gone: position(1) });
    const first = await other.get(name);

    await other.set(name, { ...first, [news]: position(5), late: position(2) });
    await one.set(name, { [news]: position(1), [sport]: position(3) });

    assert.deepEqual(await one.get(name), { [news]: position(5), [sport]: position(3), late: position(2) });
});

test('a loop that cannot follow gets no more until it has done half, and misses nothing', async (t) => {
    const { connection, session } = await makeOnlineSession(t, { items: [item(news, 0)] });
    const stream = session[Symbol.asyncIterator]();
    for (let seq = 1; seq <= 1700; seq += 1) connection.notify('onRecvNewMessage', message(news, seq));
    const marking = session.markMessageAsRead(news, 1);
    connection.answer(await connection.expect('markMessageAsRead'), {});
    await marking;
    assert.equal(session.state, 'online');

    const seen = [];
    const take = async () => seen.push((await stream.next()).value.data.MsgSeq);
    while (seen.length < 499) await take();
    assert.equal(connection.unread, 0);
    await take();
    const asked = await connection.resume({
        [news]: { messages: Array.from({ length: 500 }, (_, index) => message(news, 1001 + index)), more: true, ...position(1500) },
    });
    assert.deepEqual(asked, { [news]: position(1000) });
    while (seen.length < 900) await take();
    const rest = await connection.resume({
        [news]: { messages: Array.from({ length: 200 }, (_, index) => message(news, 1501 + index)), ...position(1700) },
    });
    assert.deepEqual(rest, { [news]: position(1500) });
    while (seen.length < 1700) await take();
    connection.notify('onRecvNewMessage', message(news, 1701));
    await take();

    assert.deepEqual(seen, Array.from({ length: 1701 }, (_, index) => index + 1));
});

test('of a channel of which nothing is known, what a loop made the session drop is to be read', async (t) => {
    const { connection, session, events } = await makeOnlineSession(t, { items: [item(news, 0)] });
    const stream = session[Symbol.asyncIterator]();
    for (let seq = 1; seq <= 1000; seq += 1) connection.notify('onRecvNewMessage', message(news, seq));
    await take(events, 1000);

    for (let seq = 1; seq <= 600; seq += 1) connection.notify('onRecvNewMessage', message(sport, seq));
    connection.notify('onOfficialAccountUnsubscribed', { Official_Account: sport });
    connection.notify('onUserSigExpired', {});
    assert.deepEqual(await take(events, 1), ['userSigExpired']);
    for (let count = 0; count < 501; count += 1) await stream.next();

    const held = Array.from({ length: 87 }, (_, index) => 514 + index);
    assert.deepEqual(await take(events, 89), ['reload', ...held, 'unsubscribed']);
});
