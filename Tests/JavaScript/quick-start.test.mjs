import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { LiveServer } from './support/live-server.mjs';
import { message, news } from './support/session.mjs';

// The programs of docs/sdk-javascript.md, run as they stand there but for the address of the server.

const root = fileURLToPath(new URL('../..', import.meta.url));
const binary = process.env.ROSTRUM_BINARY ?? join(root, '.build/debug/rostrum');
const isBuilt = await access(binary).then(() => true, () => false);
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

async function login(server) {
    const connection = await server.login([]);
    assert.deepEqual(connection.protocols, ['rostrum.v1', 'sig-of-anna']);
    const post = message(news, 1);
    post.MsgBody = [{ MsgType: 'TIMTextElem', MsgContent: { Text: '渡轮7号' } }];
    connection.notify('onRecvNewMessage', post);
    return connection;
}

test('the backend of the quick start posts', { skip: isBuilt || process.env.CI ? false : `${binary} is not built` }, async (t) => {
    const server = spawn(binary, ['dev', '--port', '0', '--log-level', 'error'], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => server.kill());
    let url;
    for await (const line of createInterface({ input: server.stdout })) {
        url = line.match(/^rostrum is ready on (.*)/)?.[1];
        if (url) break;
    }

    const { child, lines } = await start(t, 'backend.mjs', url);
    const { value: line } = await lines.next();
    const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];

    assert.equal(status, 0);
    assert.match(line, /^@TOA#_\S+ has posted; a UserSig for anna: [\w*-]+$/);
    const state = await (await fetch(`${url}/dev/state`)).json();
    assert.deepEqual(state.channels.map(({ name }) => name), ['Harbour News']);
    assert.ok(state.accounts.includes('anna'));
});

test('the subscriber of the quick start, in Node, prints what is posted and how it ends', async (t) => {
    const server = await LiveServer.start();
    t.after(() => server.stop());
    const { lines } = await start(t, 'subscriber.mjs', server.url, ['sig-of-anna']);

    const connection = await login(server);
    assert.equal((await lines.next()).value, '1 渡轮7号');
    connection.close(4409);

    assert.equal((await lines.next()).value, 'ended: replaced');
});

test('the subscriber of the quick start, for browsers, prints what is posted', async (t) => {
    const server = await LiveServer.start();
    t.after(() => server.stop());
    // What a page has and Node has not: modules from servers, a WebSocket, and addresses without a host.
    const { lines } = await start(t, 'subscriber.js', server.url, [], (text) => [
        "import { WebSocket } from 'ws';",
        'Object.assign(globalThis, { WebSocket, fetch: async () => new Response("sig-of-anna") });',
        text.replace('http://127.0.0.1:8080/sdk/rostrum.js', './rostrum.js'),
    ].join('\n'));

    await login(server);

    assert.equal((await lines.next()).value, `${news} 渡轮7号`);
});
