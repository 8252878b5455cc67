import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import * as sdk from '../../Sources/Web/SDK/rostrum.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const declarations = await readFile(path('../../Sources/Web/SDK/rostrum.d.ts'), 'utf8');

test('TypeScript takes the declarations and what programs write with them', async () => {
    const words = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'es2022', '--moduleResolution', 'node'];

    const { stdout } = await promisify(execFile)('tsc', [...words, path('types/usage.ts')]).catch((error) => error);

    assert.equal(stdout, '');
});

test('the declarations name what the module exports, and every member of its classes', async () => {
    const declared = [...declarations.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(declared.sort(), Object.keys(sdk).sort());

    const classes = [...declarations.matchAll(/^export class (\w+)[^{]*\{\n(.*?)^\}/gms)];
    assert.equal(classes.length, 6);
    for (const [, name, body] of classes) {
        const members = [...body.matchAll(/^ {4}(?:readonly )?(\w+)(?=[(:<])/gm)].map(([, member]) => member);
        // Fields that a constructor sets are no members of the prototype.
        const fields = ['name', 'code', 'info', 'requestId', ...(name === 'ConnectionError' ? ['isTemporary'] : [])];
        const expected = name.endsWith('Error') ? members.filter((member) => !fields.includes(member)) : members;
        assert.deepEqual([...new Set(expected)].sort(), Object.getOwnPropertyNames(sdk[name].prototype).sort(), name);
    }
});

/** Fields that stand for another one, which the SDK has. */
const aliases = { delete_subscriber: ['SubscriberList'] };

test('the declarations have every field of docs/compatibility.md, as a list where it is one', async () => {
    const document = await readFile(path('../../docs/compatibility.md'), 'utf8');
    const commands = [...document.matchAll(/^## ([a-z]+_[a-z_]+|kick)\n(.*?)^Codes beside/gms)];
    assert.ok(commands.length >= 18);
    for (const [, command, text] of commands) {
        const name = command.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
        const method = declarations.match(new RegExp(`^    ${name}\\((.*?)\\): Promise<`, 'ms'))[1] + historyPage(command);
        const fields = text.slice(0, text.search(/^(Members of the reply|The reply)/m));
        for (const [, field, required, rule] of fields.matchAll(/^\| `(\w+)` \| ([^|]+) \| (.*) \|$/gm)) {
            if (aliases[command]?.includes(field)) continue;
            const mark = required === 'yes' && !(command === 'send_official_account_msg' && field === 'Random') ? ':' : '\\??:';
            const type = !/^An array/.test(rule) ? '[^;]' : /UserIDs|MsgKeys/.test(rule) ? ' string\\[\\]' : '[^;]*(\\{|\\[\\])';
            assert.match(method, new RegExp(`\\b${field}${mark}${type}`), `${command}: ${field}, ${rule}`);
        }
    }
});

test('the declarations have every member of every reply', async () => {
    const document = await readFile(path('../../docs/compatibility.md'), 'utf8');
    const replies = [...document.matchAll(/^Members of the reply.*?\n\n(.*?)^Codes beside/gms)].map(([, table]) => table);
    const members = replies.flatMap((table) => [...table.matchAll(/^\| `([\w.[\]]+)`/gm)].map(([, name]) => name.match(/\w+$/)[0]));
    assert.ok(members.length > 50);

    const missing = members.filter((name) => !new RegExp(`^ +${name}\\??:|[{;,] ${name}\\??:`, 'm').test(declarations));

    assert.deepEqual(missing, []);
});

/** A page of the history is declared once, for both clients. */
function historyPage(command) {
    return command === 'official_account_msg_get_simple' ? declarations.match(/interface HistoryPage \{.*?\}/s)[0] : '';
}
