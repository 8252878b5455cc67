import assert from 'node:assert/strict';
import test from 'node:test';

import { MemoryPositionStore, RostrumError } from '../../Sources/Web/SDK/rostrum.js';
import { Emulator, withProgram } from './support/emulator.mjs';
import { until } from './support/session.mjs';

// The SDK with the server itself: what the scripted server of the other tests plays is checked here against the real one.

const textOf = ({ MsgBody }) => MsgBody[0].MsgContent.Text;

async function types(events, count) {
    const taken = [];
    while (taken.length < count) {
        const { type, data } = await events.take();
        taken.push(type === 'message' ? textOf(data) : type);
    }
    return taken;
}

test('a user subscribes, hears a post, and reads', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    const news = await emulator.createChannel('Harbour News 港口新闻');
    const { session, events } = await emulator.connect('anna');

    const item = await session.subscribeOfficialAccount(news);
    assert.deepEqual([item.Name, item.HeadMsgSeq], ['Harbour News 港口新闻', 0]);
    await assert.rejects(session.subscribeOfficialAccount(news), (error) => error instanceof RostrumError && error.code === 130005);
    const key = await emulator.post(news, '渡轮7号');

    assert.equal((await events.take()).type, 'subscribed');
    const { data } = await events.take();
    assert.deepEqual([data.MsgKey, data.MsgSeq, data.Official_Account, textOf(data)], [key, 1, news, '渡轮7号']);
    assert.equal(await session.getUnreadMessageCount(news), 1);
    await session.markMessageAsRead(news, 1);
    assert.equal(await session.getUnreadMessageCount(news), 0);
    assert.deepEqual((await session.getHistoryMessageList(news)).RspMsgList.map(({ MsgKey }) => MsgKey), [key]);

    const [own] = await session.getOfficialAccountsInfo();
    assert.deepEqual([own.Official_Account, own.HeadMsgSeq, own.SelfInfo.MsgFlag], [news, 1, 'AcceptAndNotify']);
    const list = await session.getOfficialAccountList();
    assert.deepEqual([list.TotalCount, list.CompleteFlag, list.Next], [1, 1, 0]);
    // Receipts are written a moment later.
    await until(async () => {
        const receipt = await emulator.admin.getBroadcastReceipt({ Official_Account: news, MsgKey: key });
        return receipt.OnlineNum === 1 && receipt.WrittenNum === 1 && receipt.ReadNum === 1 && receipt.LastWriteMs >= 0;
    });
});

test('whatever happens to a channel is an event', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    const { admin } = emulator;
    const [news, sport] = [await emulator.createChannel(), await emulator.createChannel()];
    const { session, events } = await emulator.connect('anna');
    const SubscriberList = [{ Subscriber_Account: 'anna' }];

    for (const channel of [news, sport]) await admin.addSubscriber({ Official_Account: channel, SubscriberList });
    const key = await emulator.post(news, 1);
    await admin.officialAccountMsgRecall({ Official_Account: news, MsgKeyList: [key] });
    await admin.modifyOfficialAccountBaseInfo({ Official_Account: news, Name: 'Renamed' });
    await session.setReceiveMessageOpt(sport, 'Discard');
    await emulator.post(sport, 'unheard');
    await admin.deleteSubscriber({ Official_Account: sport, SubscriberToDel_Account: ['anna'] });
    await admin.destroyOfficialAccount({ Official_Account: news });

    const seen = (await types(events, 7)).sort();
    assert.deepEqual(seen, ['1', 'deleted', 'infoChanged', 'revoked', 'subscribed', 'subscribed', 'unsubscribed']);
});

test('who comes back gets what he missed, in order, and nothing twice', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    const news = await emulator.createChannel();
    const positions = new MemoryPositionStore();
    const first = await emulator.connect('anna', { positions });
    await first.session.subscribeOfficialAccount(news);
    const early = await emulator.post(news, 1);
    assert.deepEqual(await types(first.events, 2), ['subscribed', '1']);
    await first.session.close();
    for (const number of [2, 3]) await emulator.post(news, number);
    await emulator.admin.officialAccountMsgRecall({ Official_Account: news, MsgKeyList: [early] });
    await emulator.post(news, 4);

    const second = await emulator.connect('anna', { positions });

    assert.deepEqual(await types(second.events, 4), ['2', '3', 'revoked', '4']);
    await emulator.post(news, 5);
    assert.deepEqual(await types(second.events, 1), ['5']);
});

test('a channel that was left, or destroyed and made again, is to be read anew', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    const [news, sport] = ['@TOA#_news', await emulator.createChannel()];
    const making = { Owner_Account: '107867', Name: 'News', OfficialAccountUserID: news };
    await emulator.admin.createOfficialAccount(making);
    const positions = new MemoryPositionStore();
    const first = await emulator.connect('anna', { positions });
    for (const channel of [news, sport]) await first.session.subscribeOfficialAccount(channel);
    await types(first.events, 2);
    await first.session.close();
    await emulator.admin.deleteSubscriber({ Official_Account: sport, SubscriberToDel_Account: ['anna'] });
    await emulator.admin.destroyOfficialAccount({ Official_Account: news });
    await emulator.admin.createOfficialAccount(making);
    await emulator.admin.addSubscriber({ Official_Account: news, SubscriberList: [{ Subscriber_Account: 'anna' }] });

    const { events } = await emulator.connect('anna', { positions });

    const reloads = [(await events.take()).data, (await events.take()).data];
    assert.deepEqual(
        reloads.map(({ Official_Account, subscribed }) => [Official_Account, subscribed]).sort(),
        [[news, true], [sport, false]].sort(),
    );
});

test('wherever the connection breaks, every post is heard once and in order', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    const channels = [await emulator.createChannel(), await emulator.createChannel(), await emulator.createChannel()];
    const { session, cut } = await emulator.connect('anna');
    for (const channel of channels) await session.subscribeOfficialAccount(channel);
    const heard = new Map(channels.map((channel) => [channel, []]));
    session.on('message', (post) => heard.get(post.Official_Account).push(Number(textOf(post))));
    session.on('reload', ({ Official_Account }) => heard.get(Official_Account).push('reload'));
    let breaks = 0;
    session.on('state', ({ state }) => (breaks += state === 'waiting'));

    const posting = channels.map(async (channel, index) => {
        for (let number = 1; number <= 60; number += 1) {
            await emulator.post(channel, number);
            if ((number * 7 + index * 3) % 11 === 0) cut();
        }
    });
    await Promise.all(posting);
    const all = Array.from({ length: 60 }, (_, index) => index + 1);
    await until(() => channels.every((channel) => heard.get(channel).at(-1) === 60));

    for (const channel of channels) assert.deepEqual(heard.get(channel), all);
    assert.ok(breaks >= 5, `${breaks} breaks`);
});

test('a refused login is told in the server’s words', withProgram, async (t) => {
    const emulator = await Emulator.start(t);

    await assert.rejects(emulator.connect('anna', { userSig: await emulator.sign('ben') }), (error) => {
        return error instanceof RostrumError && error.code === 70013;
    });
    const other = await emulator.sign('anna', { key: 'another' });
    await assert.rejects(emulator.connect('anna', { userSig: other }), { code: 70009 });
});

test('a UserSig that expires is renewed, and a kicked session ends', withProgram, async (t) => {
    const emulator = await Emulator.start(t);
    let asked = 0;
    const userSig = () => {
        asked += 1;
        return emulator.sign('anna', { expire: asked === 1 ? 3600 : 86_400 });
    };
    const { session, events } = await emulator.connect('anna', { userSig });

    await emulator.advance(3600);
    assert.deepEqual(await types(events, 1), ['userSigExpired']);
    await until(() => asked === 2 && session.state === 'online');
    await emulator.admin.kick({ UserID: 'anna' });

    const [kicked, ended] = [await events.take(), await events.take()];
    assert.deepEqual([kicked.data.Reason, ended.data.reason, ended.data.closeCode], ['kicked', 'kicked', 4401]);
});
