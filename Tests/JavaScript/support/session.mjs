import { SubscriberSession } from '../../../Sources/Web/SDK/rostrum.js';
import { Inbox } from './inbox.mjs';
import { LiveServer } from './live-server.mjs';
import { patience } from './patience.mjs';
import { WebSocket } from './websocket.mjs';

export const news = '@TOA#_news';
export const sport = '@TOA#_sport';

/** A channel item that says where the channel stands. */
export function item(channel, seq, eventSeq = seq, Epoch = 'e1') {
    return { Official_Account: channel, ErrorCode: 0, ErrorInfo: '', Name: channel, Epoch, HeadMsgSeq: seq, HeadEventSeq: eventSeq };
}

export function position(MsgSeq, EventSeq = MsgSeq, Epoch = 'e1') {
    return { Epoch, MsgSeq, EventSeq };
}

/** Params of `onRecvNewMessage`. */
export function message(channel, MsgSeq, EventSeq = MsgSeq, Epoch = 'e1') {
    return {
        From_Account: channel, Official_Account: channel, Epoch, MsgSeq, EventSeq, MsgKey: `1_${MsgSeq}_1767225600`,
        MsgTime: 1_767_225_600, MsgBody: [], CloudCustomData: '', OnlineOnlyFlag: 0,
    };
}

/** Params of `onRecvMessageRevoked`. */
export function recall(channel, MsgSeq, EventSeq, Epoch = 'e1') {
    return { Official_Account: channel, Epoch, EventSeq, MsgSeq, MsgKey: `1_${MsgSeq}_1767225600`, Reason: '' };
}

/** A session with a server that a test scripts, both of which end with the test. */
export async function makeSession(test, options = {}) {
    const server = await LiveServer.start();
    const session = new SubscriberSession({
        url: server.url,
        sdkAppID: 88888888,
        identifier: 'anna',
        userSig: 'sig-of-anna',
        WebSocket,
        // No waiting before the next attempt.
        random: () => 0,
        ...options,
    });
    const events = new Inbox('an event');
    for (const type of ['message', 'revoked', 'infoChanged', 'deleted', 'subscribed', 'unsubscribed', 'reload', 'kicked',
        'userSigExpired', 'ended']) {
        session.on(type, (data) => events.put({ type, data }));
    }
    test.after(async () => {
        await session.close();
        server.stop();
    });
    return { server, session, events };
}

/** One that is logged in. */
export async function makeOnlineSession(test, { items = [], ...options } = {}) {
    const made = await makeSession(test, options);
    const connected = made.session.connect();
    const connection = await made.server.login(items);
    await connected;
    return { ...made, connection };
}

/** The numbers of the posts, or the type of anything else, of the next so many events. */
export async function take(events, count) {
    const taken = [];
    while (taken.length < count) {
        const { type, data } = await events.take();
        taken.push(type === 'message' ? data.MsgSeq : type);
    }
    return taken;
}

/** Waits until something is so. */
export async function until(condition) {
    for (const end = Date.now() + patience * 1000; !(await condition()); ) {
        if (Date.now() > end) throw new Error(`still not so after ${patience} s: ${condition}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
    }
}
