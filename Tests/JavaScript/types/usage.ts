// What a program in TypeScript writes with the SDK. `tsc` must take every line, and refuse those after ts-expect-error.

import {
    AdminClient, ConnectionError, LocalStoragePositionStore, makeUserSig, MemoryPositionStore, RostrumError, SubscriberSession,
    textElement,
} from '../../../Sources/Web/SDK/rostrum.js';
import type { Message, Position, PositionStore, SessionEvent } from '../../../Sources/Web/SDK/rostrum.js';

async function administer(): Promise<string> {
    const userSig = () => makeUserSig({ sdkAppID: 88888888, identifier: 'administrator', key: 'k', expire: 60 });
    const admin = new AdminClient({ url: 'http://127.0.0.1:8080', sdkAppID: 88888888, userSig, fetch });
    const made = await admin.createOfficialAccount({ Owner_Account: '107867', Name: 'News' }, { idempotencyKey: 'job-1' });
    const channel: string = made.OfficialAccountUserID;
    const sent = await admin.sendOfficialAccountMsg({ Official_Account: channel, MsgBody: [textElement('Hello')] });
    const receipt = await admin.getBroadcastReceipt({ Official_Account: channel, MsgKey: sent.MsgKey });
    const online: number = receipt.OnlineNum;
    const { RspMsgList } = await admin.officialAccountMsgGetSimple({ Official_Account: channel, WithRecalledMsg: 1 });
    const first: string | undefined = RspMsgList[0]?.MsgBody[0]?.MsgType;
    await admin.call('service/new_command', { A: 1 }, { write: true, signal: new AbortController().signal });

    // @ts-expect-error: a channel has an owner
    await admin.createOfficialAccount({ Name: 'News' });
    // @ts-expect-error: there is no such kind of element
    await admin.sendOfficialAccountMsg({ Official_Account: channel, MsgBody: [{ MsgType: 'TIMTextElement', MsgContent: {} }] });
    // @ts-expect-error: a command that reads has no key
    await admin.kick({ UserID: 'anna' }, { key: 'x' });
    // @ts-expect-error: there is no such command
    await admin.sendMessage();
    return `${online} ${first}`;
}

class OwnStore implements PositionStore {
    async get(name: string): Promise<Record<string, Position> | undefined> { return { [name]: { Epoch: 'e', MsgSeq: 1 } }; }
    async set(): Promise<void> {}
}

async function listen(): Promise<void> {
    const session = new SubscriberSession({
        url: 'http://127.0.0.1:8080', sdkAppID: 88888888, identifier: 'anna', userSig: 'sig', WebSocket, positions: new OwnStore(),
    });
    const off: () => void = session.on('message', (message: Message) => console.log(message.MsgSeq, message.MsgBody));
    session.on('reload', ({ Official_Account, subscribed, Epoch }) => console.log(Official_Account, subscribed, Epoch));
    session.on('state', ({ state }) => state === 'online');
    off();
    for await (const event of session) {
        if (event.type === 'message') console.log(event.data.MsgKey);
        if (event.type === 'ended' && event.data.reason === 'kicked') break;
        // @ts-expect-error: only a message has a body, and this may be anything
        console.log(event.data.MsgBody);
    }
    const unread: number = await session.getUnreadMessageCount('@TOA#_news');
    await session.setReceiveMessageOpt('@TOA#_news', unread > 5 ? 'Discard' : 'AcceptAndNotify');
    const [item] = await session.getOfficialAccountsInfo();
    console.log(item?.HeadMsgSeq, item?.SelfInfo?.MsgFlag);

    // @ts-expect-error: there is no such event
    session.on('messages', () => {});
    // @ts-expect-error: there is no such flag
    await session.setReceiveMessageOpt('@TOA#_news', 'Ignore');
    // @ts-expect-error: a session is somebody's
    new SubscriberSession({ url: 'http://x', sdkAppID: 1, userSig: 'sig' });
}

function explain(error: unknown, event: SessionEvent): string {
    if (error instanceof RostrumError) return `${error.code} ${error.info} ${error.requestId ?? ''}`;
    if (error instanceof ConnectionError) return `${error.isTemporary}`;
    return event.type;
}

export { administer, explain, listen, LocalStoragePositionStore, MemoryPositionStore };
