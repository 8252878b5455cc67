/**
 * The demo of the emulator: an app's page and its backend in one.
 *
 * Everything that a person wrote goes into the page through `textContent`.
 */
import { AdminClient, makeUserSig, RostrumError, SubscriberSession, textElement } from '/sdk/rostrum.js';

const administrator = 'administrator';
const tooManyPosts = 10023;
const week = 604_800;

const find = (id) => document.getElementById(id);

/** Channels by ID, as the page shows them. */
const channels = new Map();
let openChannel;
/** Where the server is, and which application this is. */
let server;
let admin;
let session;

/* ------------------------------------------------------------------------------------------------------------ */
/* Signing                                                                                                      */

/** The application's number and key, and the time by the emulator's clock, which may be ahead of ours. */
async function readSettings() {
    const response = await fetch('/demo/settings.json', { cache: 'no-store' });
    const settings = await response.json();
    if (!response.ok) throw new Error(settings.error);
    return settings;
}

/** Only the emulator hands out its key, and only to this machine. A page of an app asks its backend for a UserSig. */
async function sign(identifier) {
    const { sdkAppID, key, now } = await readSettings();
    return makeUserSig({ sdkAppID, identifier, key, time: now, expire: week });
}

/* ------------------------------------------------------------------------------------------------------------ */
/* Connecting                                                                                                   */

async function connect(user) {
    await session?.close();
    session = new SubscriberSession({ ...server, identifier: user, userSig: () => sign(user) });
    session.on('state', ({ state, retryInMs, error }) => showState(state, user, retryInMs, error));
    session.on('message', showMessage);
    session.on('revoked', showRecall);
    session.on('infoChanged', (item) => show(item));
    session.on('deleted', ({ Official_Account }) => forget(Official_Account));
    session.on('subscribed', (item) => {
        show(item, { isSubscribed: true });
        if (openChannel === item.Official_Account) inBackground(readHistory);
    });
    session.on('unsubscribed', ({ Official_Account }) => {
        show({ Official_Account }, { isSubscribed: false, unread: 0 });
    });
    session.on('reload', ({ Official_Account, subscribed }) => {
        show({ Official_Account }, { isSubscribed: subscribed });
        if (subscribed) inBackground(() => reload(Official_Account));
    });
    session.connect().then(() => inBackground(readChannels), () => {});
}

const stateTexts = {
    connecting: () => 'Connecting …',
    online: (user) => `Online as ${user}`,
    waiting: (_, retryInMs) => `Disconnected, trying again in ${Math.max(1, Math.round((retryInMs ?? 0) / 1000))} s`,
    ended: () => 'Not connected',
};

function showState(state, user, retryInMs, error) {
    document.body.dataset.state = state;
    find('state').textContent = stateTexts[state](user, retryInMs);
    find('connect').textContent = state === 'ended' ? 'Connect' : 'Connect again';
    if (state === 'ended' && error) showError(error);
    if (state === 'ended') find('subscription').disabled = true;
    if (state === 'online') find('subscription').disabled = false;
}

/* ------------------------------------------------------------------------------------------------------------ */
/* Channels                                                                                                     */

async function readChannels() {
    let page;
    let where = {};
    do {
        page = await session.getOfficialAccountList({ Limit: 100, ...where });
        for (const item of page.OfficialAccountInfoList) show(item, { isSubscribed: false });
        where = { After: page.OfficialAccountInfoList.at(-1)?.Official_Account };
    } while (page.CompleteFlag !== 1);
    for (const item of await session.getOfficialAccountsInfo()) {
        show(item, { isSubscribed: true });
        await countUnread(item.Official_Account);
    }
    if (openChannel) await readHistory();
}

/** Shows what is known of a channel, new or changed. */
function show(item, changes = {}) {
    const id = item.Official_Account;
    if (!channels.has(id)) {
        channels.set(id, { item, isSubscribed: false, unread: 0, posts: new Map(), row: addRow(id) });
    }
    const channel = Object.assign(channels.get(id), changes);
    channel.item = { ...channel.item, ...item };
    const { row, unread, isSubscribed } = channel;
    row.name.textContent = channel.item.Name ?? id;
    row.about.textContent = isSubscribed ? 'subscribed' : 'not subscribed';
    row.unread.textContent = unread > 99 ? '99+' : `${unread}`;
    row.unread.hidden = unread === 0;
    row.unread.setAttribute('aria-label', `${unread} unread`);
    find('channels-empty').hidden = channels.size > 0;
    if (openChannel === id) showOpenChannel();
    return channel;
}

function addRow(id) {
    const row = {
        line: make('li'),
        button: make('button'),
        name: make('span', 'name'),
        about: make('span', 'about'),
        unread: make('span', 'unread'),
    };
    row.button.type = 'button';
    row.button.append(row.name, row.about, row.unread);
    row.button.addEventListener('click', () => attempt(() => open(id)));
    row.line.dataset.channel = id;
    row.line.append(row.button);
    find('channel-list').append(row.line);
    return row;
}

function forget(id) {
    channels.get(id)?.row.line.remove();
    channels.delete(id);
    find('channels-empty').hidden = channels.size > 0;
    if (openChannel !== id) return;
    openChannel = undefined;
    find('channel-open').hidden = true;
    find('channel-none').hidden = false;
}

async function open(id) {
    openChannel = id;
    for (const [other, { row }] of channels) row.button.setAttribute('aria-current', `${other === id}`);
    showOpenChannel();
    showPosts();
    await readHistory();
}

function showOpenChannel() {
    const { item, isSubscribed } = channels.get(openChannel);
    find('channel-none').hidden = true;
    find('channel-open').hidden = false;
    find('channel-name').textContent = item.Name ?? openChannel;
    find('channel-id').textContent = openChannel;
    find('subscription').textContent = isSubscribed ? 'Unsubscribe' : 'Subscribe';
    find('subscription').className = isSubscribed ? 'quiet' : '';
    find('posts-empty').textContent = isSubscribed
        ? 'Nothing was posted since you subscribed.'
        : 'Subscribe, and posts arrive here the moment they are sent.';
}

async function changeSubscription() {
    const id = openChannel;
    if (channels.get(id).isSubscribed) {
        await session.unsubscribeOfficialAccount(id);
        show({ Official_Account: id }, { isSubscribed: false, unread: 0 });
    } else {
        show(await session.subscribeOfficialAccount(id), { isSubscribed: true });
        await readHistory();
    }
}

async function create(name) {
    const { OfficialAccountUserID } = await admin.createOfficialAccount({ Owner_Account: administrator, Name: name });
    show({ Official_Account: OfficialAccountUserID, Name: name });
    await open(OfficialAccountUserID);
}

/* ------------------------------------------------------------------------------------------------------------ */
/* Posts                                                                                                        */

function showMessage({ Official_Account, MsgSeq, MsgKey, MsgTime, MsgBody }) {
    const channel = channels.get(Official_Account) ?? show({ Official_Account }, { isSubscribed: true });
    channel.posts.set(MsgSeq, { MsgKey, time: MsgTime, text: textOf(MsgBody) });
    if (openChannel === Official_Account) showPosts();
    inBackground(() => (openChannel === Official_Account ? markAsRead() : countUnread(Official_Account)));
}

function showRecall({ Official_Account, MsgSeq }) {
    const post = channels.get(Official_Account)?.posts.get(MsgSeq);
    if (post) post.isRecalled = true;
    if (openChannel === Official_Account) showPosts();
    else inBackground(() => countUnread(Official_Account));
}

async function readHistory() {
    const id = openChannel;
    const channel = channels.get(id);
    if (!channel?.isSubscribed) return;
    const { RspMsgList } = await session.getHistoryMessageList(id, { ReqMsgNumber: 20, WithRecalledMsg: 1 });
    for (const { MsgSeq, MsgKey, MsgTimeStamp, MsgBody, IsPlaceMsg } of RspMsgList) {
        channel.posts.set(MsgSeq, { MsgKey, time: MsgTimeStamp, text: textOf(MsgBody), isRecalled: IsPlaceMsg === 2 });
    }
    if (openChannel !== id) return;
    showPosts();
    await markAsRead();
}

async function reload(id) {
    channels.get(id).posts.clear();
    if (openChannel === id) await readHistory();
    else await countUnread(id);
}

async function markAsRead() {
    const id = openChannel;
    const { posts } = channels.get(id);
    if (posts.size > 0) await session.markMessageAsRead(id, Math.max(...posts.keys()));
    await countUnread(id);
}

async function countUnread(id) {
    const unread = await session.getUnreadMessageCount(id);
    if (channels.has(id)) show({ Official_Account: id }, { unread });
}

function showPosts() {
    const { posts } = channels.get(openChannel);
    const list = find('posts');
    const present = new Map([...list.children].map((line) => [line.dataset.key, line]));
    const lines = [...posts].sort(([one], [other]) => one - other).map(([seq, post]) => {
        const key = `${openChannel} ${seq} ${post.isRecalled === true}`;
        return present.get(key) ?? makePost(key, seq, post);
    });
    // What is there already stays where it is, so that it is not read out again.
    for (const line of present.values()) if (!lines.includes(line)) line.remove();
    lines.forEach((line, index) => {
        if (list.children[index] !== line) list.insertBefore(line, list.children[index] ?? null);
    });
    list.scrollTop = list.scrollHeight;
    find('posts-empty').hidden = posts.size > 0;
}

function makePost(key, seq, { MsgKey, time, text, isRecalled }) {
    const line = make('li');
    line.dataset.key = key;
    line.dataset.seq = seq;
    const clock = make('time', '', new Date(time * 1000).toLocaleTimeString());
    clock.dateTime = new Date(time * 1000).toISOString();
    if (isRecalled) {
        line.append(make('p', 'recalled', 'recalled'), clock);
        return line;
    }
    const recall = make('button', 'quiet', 'Recall');
    recall.type = 'button';
    const id = openChannel;
    recall.addEventListener('click', () => attempt(() => {
        return admin.officialAccountMsgRecall({ Official_Account: id, MsgKeyList: [MsgKey] });
    }));
    line.append(make('p', 'text', text), clock, recall);
    return line;
}

function textOf(body) {
    const texts = body.map(({ MsgType, MsgContent }) => (MsgType === 'TIMTextElem' ? MsgContent.Text : `[${MsgType}]`));
    return texts.join(' ');
}

async function post(text) {
    await admin.sendOfficialAccountMsg({ Official_Account: openChannel, MsgBody: [textElement(text)] });
}

/* ------------------------------------------------------------------------------------------------------------ */
/* The page                                                                                                     */

function make(tag, className = '', text = '') {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.textContent = text;
    return element;
}

function showError(error, action) {
    find('notice').hidden = false;
    find('notice-text').textContent = error.message;
    find('notice-action').hidden = action === undefined;
    if (!action) return;
    find('notice-action').textContent = action.title;
    find('notice-action').onclick = () => attempt(action.run);
}

/** Does what somebody asked for, and says when it fails. */
async function attempt(action) {
    find('notice').hidden = true;
    return inBackground(action);
}

/** @returns whether it succeeded */
async function inBackground(action) {
    try {
        await action();
        return true;
    } catch (error) {
        showError(error, remedyOf(error));
        return false;
    }
}

/** A channel posts twice an hour unless that is set otherwise, and the emulator can let an hour pass. */
function remedyOf(error) {
    if (!(error instanceof RostrumError) || error.code !== tooManyPosts) return undefined;
    return {
        title: 'Let an hour pass',
        run: () => fetch('/dev/clock', { method: 'POST', body: JSON.stringify({ advance: 3600 }) }),
    };
}

/** @param action gets what was typed; the field is emptied when it succeeds */
function onSubmit(form, field, action) {
    find(form).addEventListener('submit', async (event) => {
        event.preventDefault();
        const button = find(form).querySelector('button');
        button.disabled = true;
        if (await attempt(() => action(find(field).value)) && form !== 'login') find(field).value = '';
        button.disabled = false;
    });
}

onSubmit('login', 'user', async (user) => {
    history.replaceState(null, '', `?user=${encodeURIComponent(user)}`);
    for (const id of [...channels.keys()]) forget(id);
    await connect(user);
});
onSubmit('create', 'name', create);
onSubmit('post', 'text', post);
find('subscription').addEventListener('click', () => attempt(changeSubscription));
find('notice-close').addEventListener('click', () => (find('notice').hidden = true));

await inBackground(async () => {
    server = { url: location.origin, sdkAppID: (await readSettings()).sdkAppID };
    admin = new AdminClient({ ...server, identifier: administrator, userSig: () => sign(administrator) });
    document.body.dataset.isReady = 'true';
    const asked = new URLSearchParams(location.search).get('user');
    if (!asked) return;
    find('user').value = asked;
    find('login').requestSubmit();
});
