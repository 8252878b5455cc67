import assert from 'node:assert/strict';
import test from 'node:test';

import { MemoryPositionStore } from '../../Sources/Web/SDK/rostrum.js';
import { ManualClock } from './support/manual-clock.mjs';
import { item, makeOnlineSession, makeSession, message, news, position, recall, sport, take, until } from './support/session.mjs';

async function makeStore(positions) {
    const store = new MemoryPositionStore();
    await store.set('88888888/anna', positions);
    return store;
}

test('after a break it resumes every channel from what it has seen', async (t) => {
    const items = [item(news, 3, 5), item(sport, 1)];
    const { server, connection, events } = await makeOnlineSession(t, { items });
    connection.notify('onRecvNewMessage', message(news, 4, 6));
    await take(events, 1);

    connection.cut();
    const next = await server.login(items);
    const asked = await next.resume({
        [news]: { messages: [message(news, 5, 7), message(news, 6, 8)], ...position(6, 8) },
        [sport]: { messages: [], ...position(1) },
    });

    assert.deepEqual(asked, { [news]: position(4, 6), [sport]: position(1) });
    assert.deepEqual(await take(events, 2), [5, 6]);
});

test('a page that is opened again resumes from the stored positions', async (t) => {
    const positions = await makeStore({ [news]: position(4), broken: { MsgSeq: 'x' } });
    const { server, session, events } = await makeSession(t, { positions });
    session.connect();

    const connection = await server.login([item(news, 5)]);
    const asked = await connection.resume({ [news]: { messages: [message(news, 5)], ...position(5) } });

    assert.deepEqual(asked, { [news]: position(4) });
    assert.deepEqual(await take(events, 1), [5]);
    await session.close();
    assert.deepEqual(await positions.get('88888888/anna'), { [news]: position(5) });
});

test('a position without EventSeq is one too', async (t) => {
    const positions = await makeStore({ [news]: { Epoch: 'e1', MsgSeq: 4 } });
    const { server, session, events } = await makeSession(t, { positions });
    session.connect();

    const connection = await server.login([item(news, 5, 9)]);
    const asked = await connection.resume({ [news]: { messages: [message(news, 5, 9)], ...position(5, 9) } });

    assert.deepEqual(asked, { [news]: { Epoch: 'e1', MsgSeq: 4 } });
    assert.deepEqual(await take(events, 1), [5]);
});

test('what comes before the answer waits for it', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(1), [sport]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 4), item(sport, 2)]);

    connection.notify('onRecvNewMessage', message(news, 4));
    connection.notify('onRecvNewMessage', message(sport, 2));
    connection.notify('onRecvNewMessage', message(news, 5));
    await connection.resume({
        [news]: { messages: [message(news, 2), message(news, 3), message(news, 4)], ...position(4) },
        [sport]: { messages: [], ...position(1) },
    });
    connection.notify('onRecvNewMessage', message(news, 6));

    assert.deepEqual(await take(events, 6), [2, 3, 4, 5, 2, 6]);
});

test('posts, recalls and changes come in the order in which they happened', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(3, 5) }) });
    session.connect();
    const connection = await server.login([item(news, 5, 9)]);

    await connection.resume({
        [news]: {
            messages: [message(news, 4, 6), message(news, 5, 9)],
            revoked: [recall(news, 2, 7), recall(news, 3, 5)],
            infoChanged: { ...item(news, 5, 9), EventSeq: 8 },
            ...position(5, 9),
        },
    });
    connection.notify('onRecvNewMessage', message(news, 6, 10));

    assert.deepEqual(await take(events, 5), [4, 'revoked', 'infoChanged', 5, 6]);
});

test('a full answer is followed by the next question', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 4)]);

    await connection.resume({ [news]: { messages: [message(news, 2)], more: true, ...position(2) } });
    connection.notify('onRecvNewMessage', message(news, 4));
    const asked = await connection.resume({ [news]: { messages: [message(news, 3)], ...position(3) } });

    assert.deepEqual(asked, { [news]: position(2) });
    assert.deepEqual(await take(events, 3), [2, 3, 4]);
});

test('a server that has more but does not come on is left', async (t) => {
    const { server, session } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 4)]);

    await connection.resume({ [news]: { messages: [], more: true, ...position(1) } });

    await server.login([item(news, 4)]);
});

test('resuming keeps to the requests that the server allows', async (t) => {
    const clock = new ManualClock();
    const positions = await makeStore({ [news]: position(1) });
    const { server, session } = await makeSession(t, { clock, positions, heartbeatMs: 0 });
    session.connect();
    const connection = await server.login([item(news, 900)]);

    // One of 150 was the login's.
    for (let seq = 2; seq <= 150; seq += 1) {
        await connection.resume({ [news]: { messages: [message(news, seq)], more: true, ...position(seq) } });
    }
    await until(() => clock.waiting.length === 2);
    assert.equal(connection.unread, 0);
    clock.advance(100);

    await connection.expect('resume');
});

test('a channel for which an answer had no room is asked about again', async (t) => {
    const positions = await makeStore({ [news]: position(1), [sport]: position(1) });
    const { server, session, events } = await makeSession(t, { positions });
    session.connect();
    const connection = await server.login([item(news, 3), item(sport, 2)]);

    await connection.resume({
        [news]: { messages: [message(news, 2)], more: true, ...position(2) },
        [sport]: { messages: [], more: true, ...position(1) },
    });
    const second = await connection.resume({
        [news]: { messages: [message(news, 3)], ...position(3) },
        [sport]: { messages: [], more: true, ...position(1) },
    });
    const third = await connection.resume({ [sport]: { messages: [message(sport, 2)], ...position(2) } });

    assert.deepEqual([second, third], [{ [news]: position(2), [sport]: position(1) }, { [sport]: position(1) }]);
    assert.deepEqual(await take(events, 3), [2, 3, 2]);
});

const onlineOnly = (...words) => ({ ...message(...words), OnlineOnlyFlag: 1 });

test('an online-only post that comes before the answer keeps its place, though no answer has it', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 6)]);

    for (const seq of [3, 5, 7]) connection.notify('onRecvNewMessage', onlineOnly(news, seq));
    await connection.resume({ [news]: { messages: [2, 4, 6].map((seq) => message(news, seq)), ...position(6) } });

    assert.deepEqual(await take(events, 6), [2, 3, 4, 5, 6, 7]);
});

test('an online-only post that comes after the answer that counted it is heard once, and moves nothing back', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 4)]);

    await connection.resume({ [news]: { messages: [message(news, 2), message(news, 4)], ...position(4) } });
    for (const seq of [3, 3]) connection.notify('onRecvNewMessage', onlineOnly(news, seq));
    for (const seq of [4, 5]) connection.notify('onRecvNewMessage', message(news, seq));
    assert.deepEqual(await take(events, 4), [2, 4, 3, 5]);

    connection.notify('onRecvNewMessage', onlineOnly(news, 2));
    await take(events, 1);
    connection.cut();
    const next = await server.login([item(news, 5)]);
    assert.deepEqual(await next.resume({ [news]: { messages: [], ...position(5) } }), { [news]: position(5) });
});

test('an online-only post that waits is heard after a reload, too', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 900)]);

    connection.notify('onRecvNewMessage', message(news, 899));
    connection.notify('onRecvNewMessage', onlineOnly(news, 900));
    await connection.resume({ [news]: { reload: true, ...position(900) } });
    connection.notify('onRecvNewMessage', message(news, 901));

    assert.deepEqual(await take(events, 3), ['reload', 900, 901]);
});

test('of what waits for an answer, only so much is kept, and the rest is asked for', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(0) }) });
    session.connect();
    const connection = await server.login([item(news, 1)]);
    const request = await connection.expect('resume');

    connection.notify('onRecvNewMessage', onlineOnly(news, 2));
    for (let seq = 3; seq <= 600; seq += 1) connection.notify('onRecvNewMessage', message(news, seq));
    connection.answer(request, { [news]: { messages: [message(news, 1)], ...position(2) } });
    const asked = await connection.resume({
        [news]: { messages: Array.from({ length: 598 }, (_, index) => message(news, index + 3)), ...position(600) },
    });

    assert.deepEqual(asked, { [news]: position(2) });
    assert.deepEqual(await take(events, 600), Array.from({ length: 600 }, (_, index) => index + 1));
});

test('many channels are resumed a hundred at a time', async (t) => {
    const channels = Array.from({ length: 250 }, (_, index) => `@TOA#_${String(index).padStart(3, '0')}`);
    const positions = await makeStore(Object.fromEntries(channels.map((channel) => [channel, position(1)])));
    const { server, session, events } = await makeSession(t, { positions });
    session.connect();
    const connection = await server.login();

    const asked = [];
    for (const count of [100, 100, 50]) {
        const request = await connection.expect('resume');
        assert.equal(Object.keys(request.params).length, count);
        asked.push(...Object.keys(request.params));
        connection.answer(request, Object.fromEntries(Object.keys(request.params).map((channel) => [
            channel, { messages: [message(channel, 2)], ...position(2) },
        ])));
    }

    assert.deepEqual(asked, channels);
    assert.deepEqual(await take(events, 250), Array(250).fill(2));
});

test('what the server cannot prove is an event, and the position is the head', async (t) => {
    const positions = await makeStore({ [news]: position(1) });
    const { server, session, events } = await makeSession(t, { positions });
    session.connect();
    const connection = await server.login([item(news, 900)]);

    await connection.resume({ [news]: { reload: true, ...position(900, 950, 'e2') } });
    connection.notify('onRecvNewMessage', message(news, 900, 950, 'e2'));
    connection.notify('onRecvNewMessage', message(news, 901, 951, 'e2'));

    assert.deepEqual(await events.take(), {
        type: 'reload', data: { Official_Account: news, subscribed: true, ...position(900, 950, 'e2') },
    });
    assert.deepEqual(await take(events, 1), [901]);
});

test('a channel that is gone is forgotten', async (t) => {
    const positions = await makeStore({ [news]: position(1) });
    const { server, session, events } = await makeSession(t, { positions });
    session.connect();
    const connection = await server.login([]);

    await connection.resume({ [news]: { reload: true } });

    assert.deepEqual(await events.take(), { type: 'reload', data: { Official_Account: news, subscribed: false } });
    await session.close();
    assert.deepEqual(await positions.get('88888888/anna'), {});
});

test('a lagging session resumes from its own position, and waits meanwhile', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 1)] });
    connection.notify('onRecvNewMessage', message(news, 2));
    await take(events, 1);

    connection.notify('onLagging', { [news]: position(5) });
    connection.notify('onRecvNewMessage', message(news, 6));
    const asked = await connection.resume({ [news]: { messages: [3, 4, 5].map((seq) => message(news, seq)), ...position(5) } });

    assert.deepEqual(asked, { [news]: position(2) });
    assert.deepEqual(await take(events, 4), [3, 4, 5, 6]);
});

test('lagging again before the answer asks again after it', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 1)] });

    connection.notify('onLagging', { [news]: position(3) });
    const request = await connection.expect('resume');
    connection.notify('onLagging', { [news]: position(5) });
    connection.notify('onRecvNewMessage', message(news, 6));
    connection.answer(request, { [news]: { messages: [message(news, 2), message(news, 3)], ...position(3) } });
    const asked = await connection.resume({ [news]: { messages: [message(news, 4), message(news, 5)], ...position(5) } });

    assert.deepEqual(asked, { [news]: position(3) });
    assert.deepEqual(await take(events, 5), [2, 3, 4, 5, 6]);
});

test('a lagging channel of which nothing is known is to be read anew', async (t) => {
    const { connection, events } = await makeOnlineSession(t);

    connection.notify('onLagging', { [news]: position(5) });

    assert.deepEqual(await events.take(), {
        type: 'reload', data: { Official_Account: news, subscribed: true, ...position(5) },
    });
});

test('a channel subscribed to while the session was away is told of, and is to be read anew', async (t) => {
    const { server, connection, events } = await makeOnlineSession(t, { items: [item(news, 1)] });
    connection.cut();

    const next = await server.login([item(news, 1), item(sport, 7)]);
    await next.resume({ [news]: { messages: [], ...position(1) } });

    assert.deepEqual(await take(events, 2), ['subscribed', 'reload']);
});

test('channels of a first login are no events', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 1), item(sport, 7)] });

    connection.notify('onRecvNewMessage', message(news, 2));

    assert.deepEqual(await take(events, 1), [2]);
});

test('resuming that fails is tried again on another connection', async (t) => {
    const { server, session, events } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 2)]);
    connection.notify('onRecvNewMessage', message(news, 3));

    connection.refuse(await connection.expect('resume'), 20005, 'internal');

    const next = await server.login([item(news, 3)]);
    await next.resume({ [news]: { messages: [message(news, 2), message(news, 3)], ...position(3) } });
    assert.deepEqual(await take(events, 2), [2, 3]);
});

test('an answer that leaves out a channel is no answer', async (t) => {
    const { server, session } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    session.connect();
    const connection = await server.login([item(news, 2)]);

    await connection.resume({});

    await server.login([item(news, 2)]);
});

test('closing while an answer is handed out stops it there', async (t) => {
    const positions = await makeStore({ [news]: position(1) });
    const { server, session } = await makeSession(t, { positions });
    const heard = [];
    session.on('message', ({ MsgSeq }) => {
        heard.push(MsgSeq);
        if (MsgSeq === 2) session.close();
    });
    session.connect();
    const connection = await server.login([item(news, 4)]);

    await connection.resume({ [news]: { messages: [2, 3, 4].map((seq) => message(news, seq)), ...position(4) } });
    await until(() => session.state === 'ended');
    await session.close();

    assert.deepEqual(heard, [2]);
    assert.deepEqual(await positions.get('88888888/anna'), { [news]: position(2) });
});

test('closing while what waited is handed out stops it there, too', async (t) => {
    const { server, session } = await makeSession(t, { positions: await makeStore({ [news]: position(1) }) });
    const heard = [];
    session.on('message', ({ MsgSeq }) => {
        heard.push(MsgSeq);
        session.close();
    });
    session.connect();
    const connection = await server.login([item(news, 3)]);
    connection.notify('onRecvNewMessage', message(news, 2));
    connection.notify('onRecvNewMessage', message(news, 3));

    await connection.resume({ [news]: { messages: [], ...position(1) } });
    await until(() => session.state === 'ended');

    assert.deepEqual(heard, [2]);
});

test('whatever breaks whenever, every post is heard once and in order', async (t) => {
    // A server with a log of posts, which cuts connections at random, answers resume from the log, and sends some twice.
    let seed = 20_260_101;
    const dice = (sides) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        return Math.floor((seed / 2 ** 31) * sides);
    };
    const { server, session } = await makeSession(t);
    const heard = [];
    session.on('message', ({ MsgSeq }) => heard.push(MsgSeq));
    session.connect();
    let posted = 0;
    let connection = await server.login([item(news, 0)]);
    while (posted < 300) {
        if (dice(10) === 0) {
            connection.cut();
            posted += dice(4);
            connection = await server.next();
            if (dice(3) === 0) continue;
            await connection.welcome([item(news, posted)]);
            const request = await connection.expect('resume');
            // Sent before the answer, though the answer holds it too.
            if (posted > 0 && dice(2) === 0) connection.notify('onRecvNewMessage', message(news, posted));
            if (dice(4) === 0) continue;
            const from = request.params[news].MsgSeq;
            const missed = Array.from({ length: posted - from }, (_, index) => message(news, from + 1 + index));
            connection.answer(request, { [news]: { messages: missed, ...position(posted) } });
        } else {
            posted += 1;
            connection.notify('onRecvNewMessage', message(news, posted));
            if (dice(5) === 0) connection.notify('onRecvNewMessage', message(news, posted));
        }
    }
    connection.cut();
    connection = await server.login([item(news, posted)]);
    const request = await connection.expect('resume');
    const from = request.params[news].MsgSeq;
    connection.answer(request, {
        [news]: { messages: Array.from({ length: posted - from }, (_, index) => message(news, from + 1 + index)), ...position(posted) },
    });
    await until(() => heard.length >= posted);

    assert.deepEqual(heard, Array.from({ length: posted }, (_, index) => index + 1));
});
