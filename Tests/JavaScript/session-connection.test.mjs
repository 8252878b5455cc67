import assert from 'node:assert/strict';
import test from 'node:test';

import { ConnectionError, RostrumError, SubscriberSession } from '../../Sources/Web/SDK/rostrum.js';
import { ManualClock } from './support/manual-clock.mjs';
import { item, makeOnlineSession, makeSession, message, news, position, sport, take, until } from './support/session.mjs';

const refusal = JSON.stringify({ ActionStatus: 'FAIL', ErrorCode: 70003, ErrorInfo: 'not a UserSig' });

test('it logs in with the UserSig as a subprotocol, not in the URL', async (t) => {
    const { server, session } = await makeSession(t, { identifier: 'a+b@c', platform: 'Windows' });

    const connected = session.connect();
    assert.equal(session.state, 'connecting');
    const connection = await server.login();
    await connected;

    assert.equal(session.state, 'online');
    assert.deepEqual(connection.protocols, ['rostrum.v1', 'sig-of-anna']);
    assert.equal(connection.path.pathname, '/v4/ws');
    assert.deepEqual(Object.fromEntries(connection.path.searchParams), {
        sdkappid: '88888888', identifier: 'a+b@c', platform: 'Windows',
    });
});

test('it is online only when the server has answered', async (t) => {
    const { server, session } = await makeSession(t);
    let isConnected = false;
    session.connect().then(() => (isConnected = true));

    const connection = await server.next();
    const request = await connection.expect('getOfficialAccountsInfo');
    assert.deepEqual(request.params, { OfficialAccountIdList: [], Offset: 0, Limit: 200 });
    assert.deepEqual([session.state, isConnected], ['connecting', false]);
    connection.answer(request, { OfficialAccountInfoList: [] });

    await until(() => isConnected);
});

test('a refused login ends the session with the server’s own words', async (t) => {
    const { server, session, events } = await makeSession(t);
    const connected = session.connect();
    (await server.next()).close(4401, refusal);

    await assert.rejects(connected, (error) => {
        assert.ok(error instanceof RostrumError);
        assert.deepEqual([error.code, error.info], [70003, 'not a UserSig']);
        return true;
    });
    const { type, data } = await events.take();
    assert.deepEqual([type, data.reason, data.closeCode, data.error.code], ['ended', 'refused', 4401, 70003]);
    assert.equal(session.state, 'ended');
});

test('a UserSig that a function brings is renewed once when it is refused', async (t) => {
    let asked = 0;
    const { server, session } = await makeSession(t, { userSig: async () => `sig-${(asked += 1)}` });
    const connected = session.connect();

    const first = await server.next();
    first.close(4401, refusal);
    const second = await server.next();
    assert.deepEqual([first, second].map(({ protocols }) => protocols[1]), ['sig-1', 'sig-2']);
    second.close(4401, refusal);

    await assert.rejects(connected, { code: 70003 });
});

test('an expired UserSig is renewed, as often as it expires', async (t) => {
    let asked = 0;
    const { server, connection, events } = await makeOnlineSession(t, { userSig: () => `sig-${(asked += 1)}` });

    let current = connection;
    for (const sig of ['sig-2', 'sig-3']) {
        current.notify('onUserSigExpired', {});
        current.close(4401);
        current = await server.login();
        assert.equal(current.protocols[1], sig);
        assert.deepEqual(await take(events, 1), ['userSigExpired']);
    }
});

test('an expired UserSig that is a text ends the session', async (t) => {
    const { connection, events } = await makeOnlineSession(t);

    connection.notify('onUserSigExpired', {});
    connection.cut();

    assert.deepEqual(await take(events, 2), ['userSigExpired', 'ended']);
});

test('a UserSig is not asked for again when the connection merely broke', async (t) => {
    let asked = 0;
    const { server, connection } = await makeOnlineSession(t, { userSig: () => `sig-${(asked += 1)}` });

    connection.cut();

    assert.equal((await server.login()).protocols[1], 'sig-1');
});

test('a function that brings no UserSig is asked again after a while', async (t) => {
    const answers = [new Error('the backend is away'), 'sig'];
    const states = [];
    const { server, session } = await makeSession(t, {
        userSig: () => {
            const answer = answers.shift();
            if (answer instanceof Error) throw answer;
            return answer;
        },
    });
    session.on('state', ({ state, error }) => states.push(error ? `${state}: ${error.message}` : state));

    const connected = session.connect();
    await server.login();
    await connected;

    assert.deepEqual(states, ['connecting', 'waiting: the backend is away', 'connecting', 'online']);
});

test('a function that brings no UserSig in time is asked again, and what it brings late is not used', async (t) => {
    const clock = new ManualClock();
    const answers = [];
    const { server, session } = await makeSession(t, {
        clock, connectTimeoutMs: 4000, userSig: () => new Promise((resolve) => answers.push(resolve)),
    });
    session.connect();
    await until(() => answers.length === 1);

    clock.advance(4000);
    assert.equal(session.state, 'waiting');
    clock.advance(0);
    await until(() => answers.length === 2);
    answers[1]('sig-2');
    const connection = await server.next();
    answers[0]('sig-1');
    assert.equal(connection.protocols[1], 'sig-2');
    connection.cut();
    await until(() => session.state === 'waiting');
    clock.advance(0);

    assert.equal((await server.next()).protocols[1], 'sig-2');
});

test('a store that brings no positions in time is asked again, and what it brings late is not used', async (t) => {
    const clock = new ManualClock();
    const answers = [];
    const positions = { get: () => new Promise((resolve) => answers.push(resolve)), set: async () => {} };
    const { server, session } = await makeSession(t, { clock, positions });
    session.connect();

    clock.advance(10_000);
    clock.advance(0);
    await until(() => answers.length === 2);
    answers[1]({ [news]: position(4) });
    const connection = await server.next();
    answers[0]({ [news]: position(1) });
    await connection.welcome([item(news, 4)]);

    assert.deepEqual(await connection.resume({ [news]: { messages: [], ...position(4) } }), { [news]: position(4) });
});

for (const [reason, code] of [['kicked', 4401], ['replaced', 4409], ['deleted', 4403], ['disabled', 4403]]) {
    for (const end of ['close', 'cut']) {
        test(`who is ${reason} is told so and stays away (${end})`, async (t) => {
            let asked = 0;
            const { session, connection, events } = await makeOnlineSession(t, { userSig: () => `sig-${(asked += 1)}` });

            connection.notify('onKickedOffline', { Reason: reason });
            if (end === 'close') connection.close(code);
            else connection.cut();

            assert.deepEqual(await events.take(), { type: 'kicked', data: { Reason: reason } });
            const { data } = await events.take();
            assert.deepEqual([data.reason, data.closeCode, data.error.code], [reason, code, code]);
            assert.equal(session.state, 'ended');
            assert.equal(asked, 1);
        });
    }
}

for (const [code, reason] of [[4403, 'disabled'], [4409, 'replaced'], [4400, 'refused'], [4499, 'refused']]) {
    test(`${code} ends the session`, async (t) => {
        const { connection, events } = await makeOnlineSession(t, { userSig: () => 'sig' });

        connection.close(code);

        const { type, data } = await events.take();
        assert.deepEqual([type, data.reason, data.closeCode, data.error.code], ['ended', reason, code, code]);
    });
}

for (const code of [1000, 1001, 1011, 1013, 3000, 4399, 4500]) {
    test(`after ${code} it comes back soon`, async (t) => {
        const clock = new ManualClock();
        const { server, session, connection } = await makeOnlineSession(t, { clock, random: () => 1, heartbeatMs: 0 });

        connection.close(code);

        await until(() => session.state === 'waiting');
        assert.deepEqual(clock.waiting, [1000]);
        clock.advance(1000);
        await server.login();
        await until(() => session.state === 'online');
    });
}

for (const code of [1008, 4429]) {
    test(`after ${code} it takes its time`, async (t) => {
        const clock = new ManualClock();
        const { session, connection } = await makeOnlineSession(t, { clock, random: () => 0, heartbeatMs: 0 });

        connection.close(code);

        await until(() => session.state === 'waiting');
        assert.deepEqual(clock.waiting, [5000]);
    });
}

for (const code of [1002, 1003, 1007, 1009]) {
    test(`${code} is a fault of the client, and ends the session`, async (t) => {
        const { connection, events } = await makeOnlineSession(t);

        connection.close(code);

        const { type, data } = await events.take();
        assert.deepEqual([type, data.reason, data.closeCode, data.error.isTemporary], ['ended', 'fault', code, false]);
    });
}

test('a server that stays away is tried less and less often, and a good connection forgets that', async (t) => {
    const clock = new ManualClock();
    const waits = [];
    const { server, session, connection } = await makeOnlineSession(t, { clock, random: () => 1, heartbeatMs: 0 });
    session.on('state', ({ state, retryInMs }) => state === 'waiting' && waits.push(retryInMs));

    server.refuses = 503;
    connection.cut();
    for (let count = 1; count <= 7; count += 1) {
        await until(() => waits.length === count);
        if (count === 7) server.refuses = undefined;
        clock.advance(waits.at(-1));
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);

    const later = await server.login();
    await until(() => session.state === 'online');
    clock.advance(5000);
    later.cut();
    await until(() => waits.length === 8);
    assert.equal(waits.at(-1), 1000);
});

test('a connection that breaks at once does not count as a good one', async (t) => {
    const clock = new ManualClock();
    const { server, session, connection } = await makeOnlineSession(t, { clock, random: () => 1, heartbeatMs: 0 });

    connection.cut();
    await until(() => session.state === 'waiting');
    clock.advance(1000);
    (await server.login()).cut();
    await until(() => session.state === 'waiting');

    assert.deepEqual(clock.waiting, [2000]);
});

test('a server that takes connections and says nothing is left', async (t) => {
    const clock = new ManualClock();
    const { server, session } = await makeSession(t, { clock, connectTimeoutMs: 4000 });
    session.connect();
    const connection = await server.next();
    await connection.expect('getOfficialAccountsInfo');

    clock.advance(4000);

    assert.equal(session.state, 'waiting');
    assert.equal(await connection.closed, 1000);
});

test('a dead connection is found out by asking', async (t) => {
    const clock = new ManualClock();
    const { session, connection } = await makeOnlineSession(t, { clock });

    clock.advance(45_000);
    assert.deepEqual(await connection.resume({}), {});
    await until(() => clock.waiting[0] === 45_000);
    clock.advance(45_000);
    await connection.expect('resume');
    assert.equal(session.state, 'online');
    clock.advance(15_000);

    assert.equal(session.state, 'waiting');
});

test('a server that refuses to answer that is there nevertheless', async (t) => {
    const clock = new ManualClock();
    const { session, connection } = await makeOnlineSession(t, { clock });

    for (let count = 0; count < 2; count += 1) {
        clock.advance(45_000);
        connection.refuse(await connection.expect('resume'), -32602, 'wrong params');
        await until(() => clock.waiting[0] === 45_000);
    }

    assert.equal(session.state, 'online');
});

test('while something is heard, nothing is asked', async (t) => {
    const clock = new ManualClock();
    const { connection, events } = await makeOnlineSession(t, { clock, items: [item(news, 0)] });

    clock.advance(20_000);
    connection.notify('onRecvNewMessage', message(news, 1));
    await take(events, 1);
    clock.advance(25_000);
    await until(() => clock.waiting[0] === 45_000);

    assert.equal(connection.unread, 0);
});

test('a request waits for the connection, and is sent again when it breaks before the answer', async (t) => {
    const { server, session } = await makeSession(t);
    session.connect();
    const count = session.getUnreadMessageCount(news);

    const first = await server.login();
    await first.expect('getUnreadMessageCount');
    first.cut();
    const second = await server.login();
    const request = await second.expect('getUnreadMessageCount');
    assert.deepEqual(request.params, { Official_Account: news });
    second.answer(request, { UnreadMsgNum: 3 });

    assert.equal(await count, 3);
});

test('subscribing is not done twice: its outcome is unknown when the connection breaks', async (t) => {
    const { server, session, connection } = await makeOnlineSession(t);
    const subscribing = session.subscribeOfficialAccount(news);
    await connection.expect('subscribeOfficialAccount');

    connection.cut();

    await assert.rejects(subscribing, { name: 'ConnectionError', message: /the connection ended \(1006\)/ });
    const next = await server.login();
    assert.equal(next.unread, 0);
});

test('subscribing that could not be sent yet is sent', async (t) => {
    const { server, session, connection } = await makeOnlineSession(t);
    connection.cut();
    await until(() => session.state !== 'online');

    const subscribing = session.subscribeOfficialAccount(news);
    const next = await server.login();
    next.answer(await next.expect('subscribeOfficialAccount'), item(news, 4));

    assert.equal((await subscribing).HeadMsgSeq, 4);
});

test('a request without an answer fails, and the session goes on', async (t) => {
    const clock = new ManualClock();
    const { session, connection } = await makeOnlineSession(t, { clock, heartbeatMs: 0 });
    const marking = session.markMessageAsRead(news, 7);
    await connection.expect('markMessageAsRead');

    clock.advance(15_000);

    await assert.rejects(marking, /markMessageAsRead: no answer within 15000 ms/);
    assert.equal(session.state, 'online');
});

test('the time of a request begins when it is sent', async (t) => {
    const clock = new ManualClock();
    const { session, connection } = await makeOnlineSession(t, { clock, heartbeatMs: 0, requestTimeoutMs: 300 });
    const calls = Array.from({ length: 170 }, () => session.getUnreadMessageCount(news));
    const answer = async (from, to) => {
        for (let index = from; index < to; index += 1) {
            connection.answer(await connection.expect('getUnreadMessageCount'), { UnreadMsgNum: index });
        }
        await Promise.all(calls.slice(from, to));
    };
    await answer(0, 149);

    for (let sent = 149; sent < 170; sent += 4) {
        clock.advance(100);
        await answer(sent, Math.min(sent + 4, 170));
    }

    assert.equal(await calls.at(-1), 169);
});

test('a request does not wait for a connection for ever', async (t) => {
    const clock = new ManualClock();
    const { session, connection } = await makeOnlineSession(t, { clock, random: () => 1, heartbeatMs: 0, requestTimeoutMs: 500 });
    connection.cut();
    await until(() => session.state === 'waiting');
    const counting = session.getUnreadMessageCount(news);

    clock.advance(500);

    await assert.rejects(counting, /no answer within 500 ms/);
});

test('resuming is the session’s own business', async (t) => {
    const { session, connection } = await makeOnlineSession(t);

    assert.equal(session.resume, undefined);
    await assert.rejects(session.request('resume', { [news]: position(1) }), TypeError);
    assert.equal(connection.unread, 0);
});

test('it learns of all channels, a page at a time', async (t) => {
    const { server, session, events } = await makeSession(t);
    const connected = session.connect();
    const connection = await server.next();
    const first = await connection.expect('getOfficialAccountsInfo');
    connection.answer(first, { OfficialAccountInfoList: [item(news, 3)], TotalCount: 2, Next: 1 });
    const second = await connection.expect('getOfficialAccountsInfo');
    assert.deepEqual(second.params, { OfficialAccountIdList: [], Offset: 1, Limit: 200 });
    connection.answer(second, { OfficialAccountInfoList: [item(sport, 4)], TotalCount: 2, Next: 0 });
    await connected;

    connection.cut();
    const next = await server.login([item(news, 3), item(sport, 4)]);
    const asked = await next.resume({ [news]: { messages: [], ...position(3) }, [sport]: { messages: [], ...position(4) } });

    assert.deepEqual(asked, { [news]: position(3), [sport]: position(4) });
    assert.equal(events.count, 0);
});

test('whoever asks for his channels gets all of them', async (t) => {
    const { session, connection } = await makeOnlineSession(t);
    const asking = session.getOfficialAccountsInfo();

    for (const [Offset, channel, Next] of [[0, news, 200], [200, sport, 0]]) {
        const request = await connection.expect('getOfficialAccountsInfo');
        assert.deepEqual(request.params, { OfficialAccountIdList: [], Offset, Limit: 200 });
        connection.answer(request, { OfficialAccountInfoList: [item(channel, 1)], Next });
    }

    assert.deepEqual(await asking, [item(news, 1), item(sport, 1)]);
});

test('a refused request is a RostrumError', async (t) => {
    const { session, connection } = await makeOnlineSession(t);
    const subscribing = session.subscribeOfficialAccount(news);

    connection.refuse(await connection.expect('subscribeOfficialAccount'), 130005, 'subscribed already');

    await assert.rejects(subscribing, (error) => error instanceof RostrumError && error.code === 130005);
});

test('more requests than the server takes at once are spread over time, also when the connection breaks', async (t) => {
    const clock = new ManualClock();
    const { server, session, connection } = await makeOnlineSession(t, { clock, heartbeatMs: 0, requestTimeoutMs: 60_000 });
    const calls = Array.from({ length: 170 }, () => session.getUnreadMessageCount(news).catch(() => {}));

    // One of 150 was the login's.
    await until(() => connection.unread === 149);
    clock.advance(500);
    await until(() => connection.unread === 169);
    connection.cut();
    await until(() => session.state === 'waiting');
    clock.advance(0);
    const next = await server.login();
    await until(() => next.unread === 149);
    assert.equal(calls.length, 170);
});

test('a request that is too long is not sent', async (t) => {
    const { session, connection } = await makeOnlineSession(t);

    await assert.rejects(session.request('x', { text: 'é'.repeat(33_000) }), RangeError);
    assert.equal(connection.unread, 0);
});

test('every method says what the protocol asks for and gives what it answers', async (t) => {
    const { session, connection } = await makeOnlineSession(t);
    const list = { OfficialAccountInfoList: [item(news, 1)] };
    const cases = [
        [() => session.unsubscribeOfficialAccount(news), 'unsubscribeOfficialAccount', { Official_Account: news }, {}, undefined],
        [() => session.getOfficialAccountsInfo([news]), 'getOfficialAccountsInfo',
            { OfficialAccountIdList: [{ Official_Account: news }] }, list, list.OfficialAccountInfoList],
        [() => session.getOfficialAccountList({ Limit: 5, Offset: 10 }), 'getOfficialAccountList', { Limit: 5, Offset: 10 }, list, list],
        [() => session.setReceiveMessageOpt(news, 'Discard'), 'setReceiveMessageOpt', { Official_Account: news, MsgFlag: 'Discard' }, {}, undefined],
        [() => session.getHistoryMessageList(news, { ReqMsgNumber: 2 }), 'getHistoryMessageList',
            { Official_Account: news, ReqMsgNumber: 2 }, { RspMsgList: [] }, { RspMsgList: [] }],
        [() => session.markMessageAsRead(news, 3), 'markMessageAsRead', { Official_Account: news, MsgSeq: 3 }, {}, undefined],
        [() => session.getUnreadMessageCount(news), 'getUnreadMessageCount', { Official_Account: news }, { UnreadMsgNum: 2 }, 2],
        [() => session.request('other', { x: 1 }), 'other', { x: 1 }, 'y', 'y'],
    ];
    for (const [call, method, params, result, expected] of cases) {
        const answer = call();
        const request = await connection.expect(method);
        assert.deepEqual(request.params, params);
        assert.equal(request.jsonrpc, '2.0');
        connection.answer(request, result);
        assert.deepEqual(await answer, expected);
    }
});

test('closing ends it, rejects what waits, and it can connect again', async (t) => {
    const { server, session, connection, events } = await makeOnlineSession(t);
    const counting = session.getUnreadMessageCount(news);

    await session.close();

    await assert.rejects(counting, ConnectionError);
    assert.equal(await connection.closed, 1000);
    const { data } = await events.take();
    assert.deepEqual(data, { reason: 'closed', closeCode: 1000, error: undefined });
    await assert.rejects(session.getUnreadMessageCount(news), /not connected/);

    const again = session.connect();
    await server.login();
    await again;
});

test('closing while it waits for the next attempt stops the attempts', async (t) => {
    const clock = new ManualClock();
    const { session, connection } = await makeOnlineSession(t, { clock, random: () => 1 });
    connection.cut();
    await until(() => session.state === 'waiting');

    await session.close();

    assert.deepEqual(clock.waiting, []);
    assert.equal(session.state, 'ended');
});

test('closing while it connects rejects connect()', async (t) => {
    const { session } = await makeSession(t);
    const connected = session.connect();

    await session.close();

    await assert.rejects(connected, /closed/);
});

test('what is no JSON breaks the connection', async (t) => {
    const { server, connection } = await makeOnlineSession(t);

    connection.sendText('{');

    await server.login();
});

test('what nobody knows is passed over', async (t) => {
    const { connection, events } = await makeOnlineSession(t, { items: [item(news, 0)] });

    connection.sendText('null');
    connection.send({ jsonrpc: '2.0', id: 999, result: 1 });
    connection.notify('onSomethingNew', { Official_Account: news });
    connection.notify('onRecvNewMessage', message(news, 1));

    assert.deepEqual(await take(events, 1), [1]);
});

test('a UserSig with letters that none has ends the session', async (t) => {
    const { session } = await makeSession(t, { userSig: 'not a token' });

    await assert.rejects(session.connect(), /subprotocol/);
    assert.equal(session.state, 'ended');
});

test('without a WebSocket it says what to pass', () => {
    const words = { url: 'http://x', sdkAppID: 1, identifier: 'a', userSig: 's', WebSocket: null };

    assert.throws(() => new SubscriberSession(words), /pass its constructor/);
    assert.throws(() => new SubscriberSession({ ...words, identifier: undefined }), /identifier is missing/);
});
