// A program whose listener and whose position store fail.

import { SubscriberSession } from '../../../Sources/Web/SDK/rostrum.js';
import { LiveServer } from './live-server.mjs';
import { item, message, news } from './session.mjs';
import { WebSocket } from './websocket.mjs';

const server = await LiveServer.start();
const positions = { get: async () => undefined, set: async () => { throw new Error('the disk is full'); } };
const session = new SubscriberSession({
    url: server.url, sdkAppID: 88888888, identifier: 'anna', userSig: 'sig-of-anna', WebSocket, positions,
});
session.on('message', () => { throw new Error('my own fault'); });
const hasHeard = new Promise((resolve) => session.on('message', ({ MsgSeq }) => {
    console.log(`heard ${MsgSeq}`);
    if (MsgSeq === 2) resolve();
}));
session.connect();
const connection = await server.login([item(news, 0)]);
for (const seq of [1, 2]) connection.notify('onRecvNewMessage', message(news, seq));
await hasHeard;
await session.close();
server.stop();
