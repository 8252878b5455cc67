import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

import { AdminClient, ConnectionError, RostrumError, textElement } from '../../Sources/Web/SDK/rostrum.js';
import { ManualClock } from './support/manual-clock.mjs';
import { until } from './support/session.mjs';

const news = '@TOA#_news';

function reply(fields, status = 200) {
    return new Response(JSON.stringify(fields), { status });
}

const ok = (fields = {}) => reply({ ActionStatus: 'OK', ErrorCode: 0, ErrorInfo: '', RequestId: 'r1', ...fields });
const refused = (code) => reply({ ActionStatus: 'FAIL', ErrorCode: code, ErrorInfo: 'no', RequestId: 'r2' });

/** A client whose calls meet these answers in turn: a response, or an error that fetch throws. */
function makeClient(answers, options = {}) {
    const calls = [];
    const client = new AdminClient({
        url: 'http://rostrum.test:8080',
        sdkAppID: 88888888,
        userSig: 'sig',
        random: () => 0,
        fetch: async (url, init) => {
            calls.push({ url: new URL(url), headers: init.headers, body: JSON.parse(init.body), init });
            const answer = answers.shift();
            if (answer instanceof Error) throw answer;
            return typeof answer === 'function' ? answer(init) : answer;
        },
        ...options,
    });
    return { client, calls };
}

test('a call is the request of the documentation, and its reply what the server said', async () => {
    const { client, calls } = makeClient([ok({ OfficialAccountUserID: news })]);

    const made = await client.createOfficialAccount({ Owner_Account: '107867', Name: '新闻' });

    assert.equal(made.OfficialAccountUserID, news);
    assert.equal(made.RequestId, 'r1');
    const [{ url, body, init }] = calls;
    assert.equal(url.origin + url.pathname, 'http://rostrum.test:8080/v4/official_account_open_http_svc/create_official_account');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
        sdkappid: '88888888', identifier: 'administrator', usersig: 'sig', random: '0', contenttype: 'json',
    });
    assert.deepEqual(body, { Owner_Account: '107867', Name: '新闻' });
    assert.equal(init.method, 'POST');
    assert.equal(init.redirect, 'error');
});

test('a server below a path is called below it', async () => {
    const { client, calls } = makeClient([ok()], { url: 'https://example.com/chat' });

    await client.accountCheck({ CheckItem: [{ UserID: 'anna' }] });

    assert.equal(calls[0].url.pathname, '/chat/v4/im_open_login_svc/account_check');
});

test('a refusal is a RostrumError with code, words and request, and is not repeated', async () => {
    const { client, calls } = makeClient([refused(130004)]);

    await assert.rejects(client.destroyOfficialAccount({ Official_Account: news }), (error) => {
        assert.ok(error instanceof RostrumError);
        assert.deepEqual([error.code, error.info, error.requestId, error.isTemporary], [130004, 'no', 'r2', false]);
        return true;
    });
    assert.equal(calls.length, 1);
});

test('a lost reply to a command that writes is asked for again under the same key', async () => {
    const { client, calls } = makeClient([new TypeError('fetch failed'), reply({}, 502), ok(), ok()]);

    await client.addSubscriber({ Official_Account: news, SubscriberList: [{ Subscriber_Account: 'anna' }] });
    await client.addSubscriber({ Official_Account: news, SubscriberList: [{ Subscriber_Account: 'anna' }] });

    const keys = calls.map(({ headers }) => headers['Idempotency-Key']);
    assert.match(keys[0], /^[0-9a-f]{32}$/);
    assert.equal(new Set(keys.slice(0, 3)).size, 1);
    assert.notEqual(keys[3], keys[0]);
});

test('a caller may bring a key of his own', async () => {
    const { client, calls } = makeClient([ok()]);

    await client.kick({ UserID: 'anna' }, { idempotencyKey: 'job-7' });

    assert.equal(calls[0].headers['Idempotency-Key'], 'job-7');
});

test('a command that reads has no key', async () => {
    const { client, calls } = makeClient([new TypeError('fetch failed'), ok()]);

    await client.getSubscriberInfo({ Official_Account: news });

    assert.deepEqual(calls.map(({ headers }) => headers['Idempotency-Key']), [undefined, undefined]);
});

for (const code of [10002, 20005, 60008, 70500, 90994]) {
    test(`${code}, a fault of the server, is tried again`, async () => {
        const { client, calls } = makeClient([refused(code), ok()]);

        await client.getOfficialAccountInfo({ OfficialAccountIdList: [{ Official_Account: news }] });

        assert.equal(calls.length, 2);
    });
}

test('after so many attempts the last failure is the answer', async () => {
    const lost = () => new TypeError('fetch failed');
    const { client, calls } = makeClient([lost(), lost(), lost(), lost(), ok()]);

    await assert.rejects(client.kick({ UserID: 'anna' }), (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.match(error.message, /im_open_login_svc\/kick/);
        assert.doesNotMatch(error.message, /usersig|sig=/);
        return true;
    });
    assert.equal(calls.length, 4);
});

test('a refusal by something in front of the server is not repeated', async () => {
    const { client, calls } = makeClient([new Response('<h1>Not Found</h1>', { status: 404 })]);

    await assert.rejects(client.kick({ UserID: 'anna' }), { name: 'ConnectionError', isTemporary: false });
    assert.equal(calls.length, 1);
});

test('between attempts it waits longer each time, and at least a second when it calls too often', async () => {
    const clock = new ManualClock();
    const answers = [refused(20005), refused(20005), refused(60007), ok()];
    const { client, calls } = makeClient(answers, { clock, random: () => 0.5 });
    const waits = [];

    const call = client.kick({ UserID: 'anna' });
    for (let attempt = 1; attempt < 4; attempt += 1) {
        await until(() => calls.length === attempt && clock.waiting.length === 1);
        // The time that an attempt may take is no wait between attempts.
        await until(() => clock.waiting[0] < 10_000);
        waits.push(clock.waiting[0]);
        clock.advance(clock.waiting[0]);
    }
    await call;

    assert.deepEqual(waits, [200, 400, 1800]);
});

test('an attempt that takes too long is a lost reply', async () => {
    const clock = new ManualClock();
    const hanging = ({ signal }) => new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
    const { client, calls } = makeClient([hanging, ok()], { clock, timeoutMs: 3000 });

    const call = client.kick({ UserID: 'anna' });
    await until(() => calls.length === 1);
    clock.advance(2999);
    assert.equal(calls[0].init.signal.aborted, false);
    clock.advance(1);
    await until(() => clock.waiting.length === 1);
    clock.advance(0);
    await call;

    assert.equal(calls.length, 2);
});

test('a caller who gives up is told so, whether during an attempt or between two', async () => {
    for (const answers of [[({ signal }) => new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
    })], [refused(20005)]]) {
        const { client, calls } = makeClient(answers, { random: () => 1 });
        const giving = new AbortController();

        const call = client.kick({ UserID: 'anna' }, { signal: giving.signal });
        await until(() => calls.length === 1);
        setTimeout(() => giving.abort(new Error('no longer needed')), 5);

        await assert.rejects(call, /no longer needed/);
        assert.equal(calls.length, 1);
    }
});

test('a UserSig is asked for once, and again when it has expired', async () => {
    let asked = 0;
    const userSig = async () => `sig-${(asked += 1)}`;
    const { client, calls } = makeClient([ok(), ok(), refused(70001), ok()], { userSig });

    await Promise.all([client.kick({ UserID: 'anna' }), client.kick({ UserID: 'ben' })]);
    await client.kick({ UserID: 'chris' });

    assert.deepEqual(calls.map(({ url }) => url.searchParams.get('usersig')), ['sig-1', 'sig-1', 'sig-1', 'sig-2']);
});

test('a renewed UserSig is no attempt of its own', async () => {
    const lost = () => new TypeError('fetch failed');
    const { client, calls } = makeClient([refused(70001), lost(), lost(), lost(), ok()], { userSig: () => 'sig' });

    await client.kick({ UserID: 'anna' });

    assert.equal(calls.length, 5);
});

test('a call leaves no listener on its signal', async () => {
    const { client } = makeClient([refused(20005), ok()]);
    const { signal } = new AbortController();

    await client.kick({ UserID: 'anna' }, { signal });

    assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a UserSig that is still expired when it is new is the answer', async () => {
    const { client, calls } = makeClient([refused(70001), refused(70001), ok()], { userSig: () => 'sig' });

    await assert.rejects(client.kick({ UserID: 'anna' }), { code: 70001 });
    assert.equal(calls.length, 2);
});

test('a post has a Random, which its retries share', async () => {
    const numbers = [0.25, 0.5, 0.75, 0.125];
    const { client, calls } = makeClient([new TypeError('fetch failed'), ok()], { random: () => numbers.shift() ?? 0 });

    await client.sendOfficialAccountMsg({ Official_Account: news, MsgBody: [textElement('你好')] });

    assert.equal(calls[0].body.Random, 2 ** 30);
    assert.deepEqual(calls[1].body, calls[0].body);
    assert.deepEqual(calls[0].body.MsgBody, [{ MsgType: 'TIMTextElem', MsgContent: { Text: '你好' } }]);
    assert.ok(calls[0].headers['Idempotency-Key']);
});

test('a Random that is given stays', async () => {
    const { client, calls } = makeClient([ok()]);

    await client.sendOfficialAccountMsg({ Official_Account: news, Random: 7, MsgBody: [] });

    assert.equal(calls[0].body.Random, 7);
});

test('every command of docs/compatibility.md has a method, named like it', async () => {
    const table = await readFile(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
    const paths = [...table.matchAll(/^\| \[`(\w+\/\w+)`\]/gm)].map(([, path]) => path);
    assert.ok(paths.length >= 18);

    for (const path of paths) {
        const name = path.split('/')[1].replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
        const { client, calls } = makeClient([ok()]);
        await client[name]({});
        assert.equal(calls[0].url.pathname, `/v4/${path}`);
        assert.equal(client[name].name, name);
    }
});

test('what writes according to the server has an Idempotency-Key', async () => {
    const changing = /^(create|destroy|modify|add|delete|send|kick|import)|(Import|Delete|Recall)$/;
    const names = Object.getOwnPropertyNames(AdminClient.prototype)
        .filter((name) => !['constructor', 'call'].includes(name));
    assert.equal(names.length, 19);

    for (const name of names) {
        const { client, calls } = makeClient([ok()]);
        await client[name]({});
        assert.equal(calls[0].headers['Idempotency-Key'] !== undefined, changing.test(name), name);
    }
});

test('an option that is undefined is left out', async () => {
    const { client, calls } = makeClient([ok()], { identifier: undefined, attempts: undefined });

    await client.kick({ UserID: 'anna' });

    assert.equal(calls[0].url.searchParams.get('identifier'), 'administrator');
});

test('a client that cannot work says why at once', () => {
    assert.throws(() => new AdminClient({ sdkAppID: 1, userSig: 'sig' }), /url is missing/);
    assert.throws(() => new AdminClient({ url: 'http://x', sdkAppID: 1, userSig: 7 }), /userSig must be/);
});
