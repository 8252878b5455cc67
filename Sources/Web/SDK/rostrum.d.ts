/** Types of rostrum.js. The guide is docs/sdk-javascript.md. */

/** The server understood and said no. */
export class RostrumError extends Error {
    constructor(code: number, info: string, details?: { requestId?: string });
    readonly name: 'RostrumError';
    /** The `ErrorCode`, or the close code (4400 to 4499) of a session that ended without one. */
    readonly code: number;
    /** The server's explanation. */
    readonly info: string;
    /** What to look for in the server's log; of the server API only. */
    readonly requestId: string | undefined;
    /** Whether the same request may succeed a little later. */
    readonly isTemporary: boolean;
}

/** Nobody knows what the server said: no connection, no answer in time, or an answer that is none. */
export class ConnectionError extends Error {
    constructor(message: string, details?: { cause?: unknown; isTemporary?: boolean });
    readonly name: 'ConnectionError';
    readonly isTemporary: boolean;
}

/* UserSig. */

/** A UserSig, or a function that brings one. The function is asked again when what it brought has expired. */
export type UserSigSource = string | (() => string | Promise<string>);

/**
 * Makes a UserSig.
 *
 * Whoever has the key is everybody: it belongs on a server, never into a page or an app. The one exception is the
 * emulator (`rostrum dev`), whose key is published and opens nothing else.
 */
export function makeUserSig(words: {
    sdkAppID: number;
    identifier: string;
    key: string;
    /** Seconds from `time` on; a day when left out. */
    expire?: number;
    /** When it is issued, in Unix seconds; now when left out. */
    time?: number;
}): Promise<string>;

/* Messages. */

/** An element of `MsgBody`; docs/compatibility.md lists the members of each. */
export interface MessageElement {
    MsgType:
        | 'TIMTextElem'
        | 'TIMLocationElem'
        | 'TIMFaceElem'
        | 'TIMCustomElem'
        | 'TIMSoundElem'
        | 'TIMImageElem'
        | 'TIMFileElem'
        | 'TIMVideoFileElem';
    MsgContent: Record<string, unknown>;
}

export interface TextElement extends MessageElement {
    MsgType: 'TIMTextElem';
    MsgContent: { Text: string };
}

/** A text as an element of `MsgBody`. */
export function textElement(text: string): TextElement;

export type MsgFlag = 'AcceptAndNotify' | 'AcceptNotNotify' | 'Discard';

/* The server API. */

/** What every reply has. */
export interface Reply {
    ActionStatus: 'OK';
    ErrorCode: 0;
    ErrorInfo: string;
    RequestId: string;
}

export interface CallOptions {
    /** Gives the call up. */
    signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
    /** A key of your own, so that a process that starts again can repeat a call of the one before. */
    idempotencyKey?: string;
}

export interface ChannelProfile {
    CreateTime?: number;
    Name?: string;
    Owner_Account?: string;
    LastMsgTime?: number;
    SubscriberNum?: number;
    Introduction?: string;
    FaceUrl?: string;
    Organization?: string;
    CustomString?: string;
}

export interface ChannelInfo extends ChannelProfile {
    Official_Account: string;
    /** 0, or 130004 when there is no such channel. */
    ErrorCode: number;
    ErrorInfo: string;
}

export interface SubscriptionInfo {
    SubscribeTime?: number;
    CustomString?: string;
}

export interface SubscriberResult {
    Subscriber_Account: string;
    /** 0 failed, 1 done, 2 was so already. */
    Result: 0 | 1 | 2;
}

export interface HistoryMessage {
    From_Account: string;
    /** 0 for a message, 1 when it has expired, 2 when it was recalled. */
    IsPlaceMsg: 0 | 1 | 2;
    MsgSeq: number;
    MsgKey: string;
    MsgTimeStamp: number;
    MsgRandom: number;
    MsgBody: MessageElement[];
    CloudCustomData?: string;
}

export interface HistoryPage {
    ReqMsgNumber?: number;
    LastMsgKey?: string;
    WithRecalledMsg?: 0 | 1;
}

export interface History {
    Official_Account: string;
    /** 0 when there is more, 1 when there is not, 2 when all of it has expired. */
    IsFinished: 0 | 1 | 2;
    LastMsgKey: string;
    RspMsgList: HistoryMessage[];
}

export interface BroadcastReceipt {
    Official_Account: string;
    MsgKey: string;
    MsgSeq: number;
    /** Unix seconds. */
    MsgTime: number;
    /** How many connections of subscribers were there when it was sent. */
    OnlineNum: number;
    /** To how many it was written. */
    WrittenNum: number;
    /** How many read too slowly, and were told to resume instead. */
    LaggingNum: number;
    /** How many subscribers have marked it, or one after it, as read. */
    ReadNum: number;
    /** Milliseconds from its commit to the last write; absent when it was written to nobody. */
    LastWriteMs?: number;
}

export interface AdminClientOptions {
    /** Where the server is, such as `https://chat.example.com`. */
    url: string;
    sdkAppID: number;
    /** An app admin; `administrator` when left out. */
    identifier?: string;
    userSig: UserSigSource;
    /** How often a call is made at most when replies are lost; 4 when left out. */
    attempts?: number;
    /** How long one attempt may take; 10 s when left out. */
    timeoutMs?: number;
    fetch?: (url: string, init: any) => Promise<{ status: number; json(): Promise<any> }>;
    clock?: Clock;
    /** From 0 up to 1, as `Math.random`. */
    random?: () => number;
}

/** The server API, for an app's backend: a method for each command, named like it. */
export class AdminClient {
    constructor(options: AdminClientOptions);

    /** Calls any command by its path, `SERVICE/COMMAND`; `write` says that it changes something. */
    call(
        path: string,
        fields?: object,
        options?: WriteOptions & { write?: boolean },
    ): Promise<Reply & Record<string, any>>;

    createOfficialAccount(
        fields: {
            Owner_Account: string;
            Name: string;
            OfficialAccountUserID?: string;
            Introduction?: string;
            FaceUrl?: string;
            MaxSubscriberNum?: number;
            Organization?: string;
            CustomString?: string;
        },
        options?: WriteOptions,
    ): Promise<Reply & { OfficialAccountUserID: string }>;

    destroyOfficialAccount(fields: { Official_Account: string }, options?: WriteOptions): Promise<Reply>;

    modifyOfficialAccountBaseInfo(
        fields: {
            Official_Account: string;
            Name?: string;
            Introduction?: string;
            FaceUrl?: string;
            Organization?: string;
            CustomString?: string;
            MaxSubscriberNum?: number;
        },
        options?: WriteOptions,
    ): Promise<Reply>;

    getOfficialAccountInfo(
        fields: {
            OfficialAccountIdList: { Official_Account: string }[];
            ResponseFilter?: { OfficialAccountBaseInfoFilter?: (keyof ChannelProfile)[] };
        },
        options?: CallOptions,
    ): Promise<Reply & { OfficialAccountInfoList: ChannelInfo[] }>;

    addSubscriber(
        fields: { Official_Account: string; SubscriberList: { Subscriber_Account: string }[] },
        options?: WriteOptions,
    ): Promise<Reply & { SubscriberList: SubscriberResult[] }>;

    deleteSubscriber(
        fields: { Official_Account: string; SubscriberToDel_Account: string[] },
        options?: WriteOptions,
    ): Promise<Reply & { SubscriberList: SubscriberResult[] }>;

    getSubscriberInfo(
        fields: { Official_Account: string; Limit?: number; Next?: string },
        options?: CallOptions,
    ): Promise<
        Reply & {
            /** Where the next page begins; empty when this one is the last. */
            Next: string;
            SubscriberNum: number;
            SubscriberList: {
                Subscriber_Account: string;
                SubscribeTime: number;
                CustomString: string;
                MsgFlag: MsgFlag;
                LastSendMsgTime: number;
            }[];
        }
    >;

    modifySubscriberInfo(
        fields: { Official_Account: string; Subscriber_Account: string; CustomString: string },
        options?: WriteOptions,
    ): Promise<Reply>;

    getSubscribedOfficialAccountList(
        fields: {
            Subscriber_Account: string;
            Limit?: number;
            Offset?: number;
            ResponseFilter?: {
                OfficialAccountBaseInfoFilter?: (keyof ChannelProfile)[];
                SelfInfoFilter?: (keyof SubscriptionInfo)[];
            };
        },
        options?: CallOptions,
    ): Promise<
        Reply & {
            OfficialAccountInfoList: (ChannelInfo & { SelfInfo: SubscriptionInfo })[];
            TotalCount: number;
            CompleteFlag: 0 | 1;
            /** The `Offset` of the next page; 0 when there is none. */
            Next: number;
        }
    >;

    /** Sends a post to all subscribers; `Random` is made when it is left out. */
    sendOfficialAccountMsg(
        fields: {
            Official_Account: string;
            MsgBody: MessageElement[];
            Random?: number;
            CloudCustomData?: string;
            OfflinePushInfo?: {
                PushFlag?: 0 | 1;
                Title?: string;
                Desc?: string;
                Ext?: string;
                [other: string]: unknown;
            };
            OnlineOnlyFlag?: 0 | 1;
            ForbidCallbackControl?: ('ForbidBeforeSendMsgCallback' | 'ForbidAfterSendMsgCallback')[];
            SendMsgControl?: 'NoLastMsg'[];
        },
        options?: WriteOptions,
    ): Promise<Reply & { MsgTime: number; MsgKey: string }>;

    officialAccountMsgRecall(
        fields: { Official_Account: string; MsgKeyList: string[]; Reason?: string },
        options?: WriteOptions,
    ): Promise<Reply & { RecallRetList: { MsgKey: string; RetCode: number }[] }>;

    officialAccountMsgGetSimple(
        fields: { Official_Account: string } & HistoryPage,
        options?: CallOptions,
    ): Promise<Reply & History>;

    /** How a post reached its subscribers. */
    getBroadcastReceipt(
        fields: { Official_Account: string; MsgKey: string },
        options?: CallOptions,
    ): Promise<Reply & BroadcastReceipt>;

    accountImport(fields: { UserID: string; Nick?: string; FaceUrl?: string }, options?: WriteOptions): Promise<Reply>;

    multiaccountImport(
        fields: { AccountList: { UserID: string; Nick?: string; FaceUrl?: string }[] } | { Accounts: string[] },
        options?: WriteOptions,
    ): Promise<Reply & { FailAccounts?: string[] }>;

    accountDelete(
        fields: { DeleteItem: { UserID: string }[] },
        options?: WriteOptions,
    ): Promise<Reply & { ResultItem: { UserID: string; ResultCode: number; ResultInfo: string }[] }>;

    accountCheck(
        fields: { CheckItem: { UserID: string }[] },
        options?: CallOptions,
    ): Promise<
        Reply & {
            ResultItem: {
                UserID: string;
                ResultCode: number;
                ResultInfo: string;
                AccountStatus: 'Imported' | 'NotImported';
            }[];
        }
    >;

    kick(fields: { UserID: string }, options?: WriteOptions): Promise<Reply>;

    queryOnlineStatus(
        fields: { To_Account: string[]; IsNeedDetail?: 0 | 1; IsReturnInstid?: 0 | 1; IsReturnCustomStatus?: 0 | 1 },
        options?: CallOptions,
    ): Promise<
        Reply & {
            QueryResult: {
                To_Account: string;
                Status: 'Online' | 'Offline';
                /** With `IsNeedDetail`; each connection by itself with `IsReturnInstid`. */
                Detail?: {
                    Platform: 'iPhone' | 'Android' | 'Web' | 'PC' | 'iPad' | 'Mac' | 'Unknown';
                    Status: 'Online';
                    Instid?: number;
                }[];
            }[];
            ErrorList?: { To_Account: string; ErrorCode: number }[];
        }
    >;
}

/* The live connection. */

/** What has been seen of a channel. The numbers mean something only together with the `Epoch`. */
export interface Position {
    Epoch: string;
    MsgSeq: number;
    EventSeq?: number;
}

export type Positions = Record<string, Position>;

/** Where a session keeps its positions; `name` tells users and applications apart. */
export interface PositionStore {
    get(name: string): Promise<Positions | null | undefined>;
    set(name: string, positions: Positions): Promise<unknown>;
}

/** Keeps positions as long as the page or process lives. */
export class MemoryPositionStore implements PositionStore {
    constructor();
    get(name: string): Promise<Positions | undefined>;
    set(name: string, positions: Positions): Promise<void>;
}

/**
 * Keeps positions in the browser, so that a page that is opened again gets what it missed. Tabs of one user share them;
 * a `prefix` of its own keeps a tab apart.
 */
export class LocalStoragePositionStore implements PositionStore {
    constructor(options?: {
        storage?: { getItem(key: string): string | null; setItem(key: string, value: string): void };
        prefix?: string;
    });
    get(name: string): Promise<Positions | undefined>;
    set(name: string, positions: Positions): Promise<void>;
}

/** A channel's profile, and where the channel stood. */
export interface ChannelItem extends ChannelInfo {
    Epoch: string;
    HeadMsgSeq: number;
    HeadEventSeq: number;
    /** Of a channel that the user subscribes to, when he asked for his own or by ID. */
    SelfInfo?: SubscriptionInfo & { MsgFlag?: MsgFlag };
}

export interface Message {
    /** The channel, as `Official_Account`. */
    From_Account: string;
    Official_Account: string;
    Epoch: string;
    MsgSeq: number;
    EventSeq: number;
    MsgKey: string;
    /** Unix seconds. */
    MsgTime: number;
    MsgBody: MessageElement[];
    CloudCustomData: string;
    /** 1 when the history will not have it. */
    OnlineOnlyFlag: 0 | 1;
}

export interface Revocation {
    Official_Account: string;
    Epoch: string;
    EventSeq: number;
    /** The recalled post's number. */
    MsgSeq: number;
    MsgKey: string;
    Reason: string;
}

export type SessionState = 'idle' | 'connecting' | 'online' | 'waiting' | 'ended';

/** The data of each event. */
export interface SessionEvents {
    message: Message;
    /** A post was recalled: show it no longer. */
    revoked: Revocation;
    infoChanged: ChannelItem & { EventSeq: number };
    /** The channel was destroyed; nothing more comes from it. */
    deleted: { Official_Account: string; Epoch: string; EventSeq: number };
    /** The user subscribes now, by whatever way. */
    subscribed: ChannelItem;
    unsubscribed: { Official_Account: string };
    /** Something may be missing here: read the channel's history. Without `subscribed`, forget the channel. */
    reload: { Official_Account: string; subscribed: boolean } & Partial<Position>;
    kicked: { Reason: 'kicked' | 'replaced' | 'deleted' | 'disabled' };
    userSigExpired: {};
    /** `retryInMs` and `error` come with `waiting`: when the next attempt is made, and why it is needed. */
    state: { state: SessionState; retryInMs?: number; error?: Error };
    /** Nothing more comes unless `connect` is called again. */
    ended: {
        reason: 'closed' | 'refused' | 'fault' | 'kicked' | 'replaced' | 'deleted' | 'disabled';
        closeCode: number;
        error?: Error;
    };
}

export type SessionEvent = {
    [Type in keyof SessionEvents]: { type: Type; data: SessionEvents[Type] };
}[keyof SessionEvents];

export interface Clock {
    /** Milliseconds. */
    now(): number;
    setTimeout(action: () => void, milliseconds: number): any;
    clearTimeout(timer: any): void;
}

export interface SubscriberSessionOptions {
    /** Where the server is, such as `https://chat.example.com`. */
    url: string;
    sdkAppID: number;
    /** The user. */
    identifier: string;
    userSig: UserSigSource;
    platform?: 'Web' | 'iOS' | 'Android' | 'Windows' | 'macOS' | 'iPad';
    /** In memory when left out. */
    positions?: PositionStore;
    /** The constructor of WebSockets, where there is no global one (Node before 22). */
    WebSocket?: new (url: string, protocols: string[]) => {
        send(text: string): void;
        close(code?: number): void;
        addEventListener(type: any, listener: (event: any) => void): void;
    };
    /** How long connecting and logging in may take, with bringing a UserSig; 10 s when left out. */
    connectTimeoutMs?: number;
    /** How long a method waits for a connection, and then, from when it is sent, for its answer; 15 s when left out. */
    requestTimeoutMs?: number;
    /** After how long a silence the server is asked whether it is there; 45 s when left out, 0 for never. */
    heartbeatMs?: number;
    clock?: Clock;
    /** From 0 up to 1, as `Math.random`. */
    random?: () => number;
}

/** A user's live connection. It logs in, reconnects, and brings what was missed meanwhile. */
export class SubscriberSession implements AsyncIterable<SessionEvent> {
    constructor(options: SubscriberSessionOptions);

    readonly state: SessionState;

    /** Connects, and resolves when the user is logged in. Until then it goes on trying, unless the login is refused. */
    connect(): Promise<void>;

    /** Ends the session; resolves when the positions are stored. */
    close(): Promise<void>;

    /** Returns a function that takes the listener away again. */
    on<Type extends keyof SessionEvents>(type: Type, listener: (data: SessionEvents[Type]) => void): () => void;
    off<Type extends keyof SessionEvents>(type: Type, listener: (data: SessionEvents[Type]) => void): void;

    /**
     * All events; connects when nobody has yet. A position is stored when the loop asks for the next event. The event at
     * which a loop is left, and all behind it, come again with the next connection.
     */
    [Symbol.asyncIterator](): AsyncIterableIterator<SessionEvent>;

    subscribeOfficialAccount(channel: string): Promise<ChannelItem>;
    unsubscribeOfficialAccount(channel: string): Promise<void>;

    /** Channels by ID, up to 50; without any, all that the user subscribes to, the newest subscription first. */
    getOfficialAccountsInfo(channels?: string[]): Promise<ChannelItem[]>;

    /**
     * Every channel of the application in the order of IDs, a page at a time: from `Offset` on, at most 10,000, or, however
     * many there are, from the channel on that follows `After`, an ID.
     */
    getOfficialAccountList(page?: { Limit?: number; Offset?: number; After?: string }): Promise<{
        OfficialAccountInfoList: ChannelItem[];
        TotalCount: number;
        CompleteFlag: 0 | 1;
        /** The next `Offset`; 0 at the end, absent with `After`. */
        Next?: number;
    }>;

    setReceiveMessageOpt(channel: string, flag: MsgFlag): Promise<void>;
    getHistoryMessageList(channel: string, page?: HistoryPage): Promise<History>;

    /** Everything up to this post counts as read. */
    markMessageAsRead(channel: string, msgSeq: number): Promise<void>;
    getUnreadMessageCount(channel: string): Promise<number>;

    /** Any method but `resume`, which is the session's own. It is sent again when the connection breaks before the answer, unless `isRepeatable` is false. */
    request(method: string, params?: object, options?: { isRepeatable?: boolean }): Promise<any>;
}
