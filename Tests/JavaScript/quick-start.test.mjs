import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { Emulator, withProgram } from './support/emulator.mjs';
import { until } from './support/session.mjs';

// The programs of docs/sdk-javascript.md, run as they stand there but for the address of the server.

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = await readFile(join(root, 'docs/sdk-javascript.md'), 'utf8');

function program(name) {
    const blocks = [...guide.matchAll(/^```js\n(\/\/ (\S+?),?\s.*?)^```/gms)];
    return blocks.find(([, , title]) => title === name)[1];
}

/** A folder with rostrum.js, a package `ws`, and whatever else a program is to find. */
async function makeFolder(test) {
    const folder = await mkdtemp(join(tmpdir(), 'rostrum-sdk-'));
    test.after(() => rm(folder, { recursive: true }));
    await copyFile(join(root, 'Sources/Web/SDK/rostrum.js'), join(folder, 'rostrum.js'));
    await mkdir(join(folder, 'node_modules/ws'), { recursive: true });
    await writeFile(join(folder, 'node_modules/ws/package.json'), '{"type":"module","exports":"./index.js"}');
    const socket = new URL('support/websocket.mjs', import.meta.url);
    await writeFile(join(folder, 'node_modules/ws/index.js'), `export { WebSocket } from '${socket}';`);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    return folder;
}

/** Starts a program of the guide and gives the lines that it prints. */
async function start(test, name, url, words = [], change = (text) => text) {
    const folder = await makeFolder(test);
    await writeFile(join(folder, name), change(program(name)).replaceAll('http://127.0.0.1:8080', url));
    const child = spawn(process.execPath, [name, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    test.after(() => child.kill());
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** Runs the backend, which subscribes anna and posts; gives the channel and her UserSig. */
async function runBackend(test, emulator) {
    const { child, lines } = await start(test, 'backend.mjs', emulator.url);
    const { value: line } = await lines.next();
    const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    assert.equal(status, 0);
    const [, channel, userSig] = line.match(/^(@TOA#_\S+) has posted; a UserSig for anna: ([\w*-]+)$/);
    return { channel, userSig };
}

async function waitForLogin(emulator) {
    const isOnline = async () => {
        const { QueryResult } = await emulator.admin.queryOnlineStatus({ To_Account: ['anna'] });
        return QueryResult[0].Status === 'Online';
    };
    await until(isOnline);
}

test('the backend of the quick start makes a channel, subscribes anna and posts', withProgram, async (t) => {
    const emulator = await Emulator.start(t);

    const { channel } = await runBackend(t, emulator);

    const { RspMsgList } = await emulator.admin.officialAccountMsgGetSimple({ Official_Account: channel });
    assert.deepEqual(RspMsgList.map(({ MsgBody }) => MsgBody[0].MsgContent.Text), ['Ferry 7 leaves from pier 3']);
    const { SubscriberList } = await emulator.admin.getSubscriberInfo({ Official_Account: channel });
    assert.deepEqual(SubscriberList.map(({ Subscriber_Account }) => Subscriber_Account), ['anna']);
});

test('the subscriber of the quick start, in Node, prints what is posted and how it ends', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    const { channel, userSig } = await runBackend(t, emulator);
    const { lines } = await start(t, 'subscriber.mjs', emulator.url, [userSig]);
    await waitForLogin(emulator);

    await emulator.post(channel, '渡轮7号');
    assert.equal((await lines.next()).value, '2 渡轮7号');
    await emulator.admin.kick({ UserID: 'anna' });

    assert.equal((await lines.next()).value, 'ended: kicked');
});

test('the subscriber of the quick start, for browsers, prints what is posted', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    const { channel, userSig } = await runBackend(t, emulator);
    // What a page has and Node has not: modules from servers, a WebSocket, and addresses without a host.
    const { lines } = await start(t, 'subscriber.js', emulator.url, [], (text) => [
        "import { WebSocket } from 'ws';",
        `Object.assign(globalThis, { WebSocket, fetch: async () => new Response('${userSig}') });`,
        text.replace('http://127.0.0.1:8080/sdk/rostrum.js', './rostrum.js'),
    ].join('\n'));
    await waitForLogin(emulator);

    await emulator.post(channel, '渡轮7号');

    assert.equal((await lines.next()).value, `${channel} 渡轮7号`);
});
