// Receives webhooks of Rostrum: checks who sent them, answers them, and tells repetitions. Node 18 or later.
//
//     ROSTRUM_SDKAPPID=88888888 ROSTRUM_WEBHOOK_SECRET=… node receiver.mjs
//
// ROSTRUM_WEBHOOK_TOKEN is the text given to `rostrum app set --webhook-token`, if any; PORT is 9000 unless it
// says otherwise.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const sdkAppID = process.env.ROSTRUM_SDKAPPID;
const secret = process.env.ROSTRUM_WEBHOOK_SECRET;
const token = process.env.ROSTRUM_WEBHOOK_TOKEN ?? '';
if (!sdkAppID || !secret) throw new Error('set ROSTRUM_SDKAPPID and ROSTRUM_WEBHOOK_SECRET');
const longestBody = 1 << 20;

/** What is wrong with a webhook; null when it came from the server, just now, and is for this application. */
function fault(query, headers, body, now) {
    const isRecent = (seconds) => /^[0-9]{1,15}$/.test(seconds) && Math.abs(now - Number(seconds)) <= 300;
    const isSame = (one, other) => one.length === other.length && timingSafeEqual(one, other);

    if (query.get('SdkAppid') !== sdkAppID) return 'for another application';
    const sent = headers['x-rostrum-timestamp'] ?? '';
    const delivery = headers['x-rostrum-delivery'] ?? '';
    if (!isRecent(sent)) return 'not sent just now';
    const mac = createHmac('sha256', secret).update(`${sent}.${delivery}.${sdkAppID}.`).update(body).digest('hex');
    if (!isSame(Buffer.from(`v1=${mac}`), Buffer.from(headers['x-rostrum-signature'] ?? ''))) {
        return 'signed with another secret';
    }
    if (token) {
        const asked = query.get('RequestTime') ?? '';
        const sign = createHash('sha256').update(token + asked).digest('hex');
        if (!isRecent(asked) || !isSame(Buffer.from(sign), Buffer.from(query.get('Sign') ?? ''))) {
            return 'signed with another token';
        }
    }
    return null;
}

// The newest deliveries. Where it counts, keep them in the database, in the transaction of what they cause.
const seen = new Set();

function isNew(delivery) {
    if (seen.has(delivery)) return false;
    seen.add(delivery);
    if (seen.size > 10_000) seen.delete(seen.values().next().value);
    return true;
}

/** The answer to an event; only "before" webhooks look at it. */
function verdict(event) {
    const isCreation = event.CallbackCommand === 'OfficialAccount.CallbackBeforeCreateOfficialAccount';
    if (isCreation && event.Name?.includes('forbidden')) {
        return { ActionStatus: 'OK', ErrorCode: 120001, ErrorInfo: 'This name is not allowed.' };
    }
    return { ActionStatus: 'OK', ErrorCode: 0, ErrorInfo: '' };
}

function answer(response, status, members) {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(members));
}

function refuse(response, status, reason) {
    answer(response, status, { ActionStatus: 'FAIL', ErrorCode: 1, ErrorInfo: reason });
}

const server = createServer(async (request, response) => {
    try {
        if (request.method !== 'POST') return refuse(response, 405, 'POST');
        const parts = [];
        let length = 0;
        for await (const part of request) {
            length += part.length;
            if (length > longestBody) return refuse(response, 413, 'too long');
            parts.push(part);
        }
        const body = Buffer.concat(parts);
        const query = new URL(request.url, 'http://receiver').searchParams;
        const reason = fault(query, request.headers, body, Date.now() / 1000);
        if (reason) return refuse(response, 401, reason);
        const event = JSON.parse(body);
        const delivery = request.headers['x-rostrum-delivery'];
        if (isNew(delivery)) console.log(event.CallbackCommand, delivery);
        answer(response, 200, verdict(event));
    } catch (error) {
        console.error(error);
        response.destroy();
    }
});
server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
