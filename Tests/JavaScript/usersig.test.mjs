import assert from 'node:assert/strict';
import test from 'node:test';
import { inflateSync } from 'node:zlib';

import { makeUserSig } from '../../Sources/Web/SDK/rostrum.js';

function open(token) {
    const base64 = token.replaceAll('*', '+').replaceAll('-', '/').replaceAll('_', '=');
    return JSON.parse(inflateSync(Buffer.from(base64, 'base64')));
}

const sdkAppID = 1400704311;
const key = 'b3f1c7a09d5e4862b8fa0c1d2e3f405162738495a6b7c8d9eaf0011223344556';

// Made by Tencent's own generator, `tls-sig-api-v2` 1.1.
const vectors = [
    ['administrator', 'eJw9zc0LgjAcxvF-RXYO2ZtOgi4SJOWp0sNuq035IU6Zo1f639Oyrp-vA88THfNDeDEOLQNEQ4wWwUdAG*uhgm9QugULg3fKd*43GXSj*h70OCAcY4E5I2Ru5taDM2NJ4jHN6KGdiIhYUBrFfx*gnk7qshBsG1G74-fqmq9TWrKsUDw5Z1JJ9jjJer-hvhNNsUKvNzbpNOE_'],
    ['reader_01', 'eJw9zU0LgjAYwPGvIrsW8mzNTYIOFeol6ZVeTmFsxoMkstkMou*elnX9-w7-J9kttr7Thow9wnwgQ*9TUOmyxhy-YHSmtDkD-bFVRVZVqFqkHEACH1Ham35UaHQrAngI0Ncab12jUkjGAvHvFq-dIV*Wp2afxBDOgtQBiOO8kC5ZuSjmeIH7ZjCNmtSuD7mdkNcb8vIy3Q__'],
];

for (const [identifier, published] of vectors) {
    test(`a UserSig of ${identifier} says and signs what Tencent's generator does`, async () => {
        const expected = open(published);

        const made = await makeUserSig({
            sdkAppID, identifier, key, time: expected['TLS.time'], expire: expected['TLS.expire'],
        });

        assert.deepEqual(open(made), expected);
        assert.match(made, /^[A-Za-z0-9*_-]+$/);
    });
}

test('another key signs otherwise', async () => {
    const words = { sdkAppID, identifier: 'anna', time: 1_767_225_600 };

    const one = open(await makeUserSig({ ...words, key }));
    const other = open(await makeUserSig({ ...words, key: `${key}0` }));

    assert.notEqual(one['TLS.sig'], other['TLS.sig']);
});

test('it is for a day from now unless said otherwise', async () => {
    const before = Math.floor(Date.now() / 1000);
    const made = open(await makeUserSig({ sdkAppID, identifier: 'anna', key }));

    assert.equal(made['TLS.expire'], 86_400);
    assert.ok(made['TLS.time'] >= before && made['TLS.time'] <= before + 5);
});

test('what is missing is named', async () => {
    await assert.rejects(makeUserSig({ identifier: 'anna', key }), /sdkAppID/);
    await assert.rejects(makeUserSig({ sdkAppID, key }), /identifier/);
    await assert.rejects(makeUserSig({ sdkAppID, identifier: 'anna' }), /key/);
});

test('Node 18 has no global crypto, and needs none', async (t) => {
    const kept = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
    t.after(() => Object.defineProperty(globalThis, 'crypto', kept));
    assert.equal(globalThis.crypto, undefined);

    assert.equal(open(await makeUserSig({ sdkAppID, identifier: 'anna', key }))['TLS.identifier'], 'anna');
});
