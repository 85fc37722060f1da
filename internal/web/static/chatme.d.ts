export type Message = {
    /**
     * its number in this chat and direction; for a gap, the last number missing
     */
    n: number;
    /**
     * sent by this client
     */
    mine?: boolean;
    text?: string;
    imageUrl?: string;
    /**
     * Unix time in milliseconds
     */
    ts?: number;
    /**
     * not a message: some of the partner's messages were lost here
     */
    gap?: true;
    /**
     * why it does not arrive: the error code with which the server refused it for good; lost:
     *  see below; unsent: more was sent than was stored, so this number may be another message's
     */
    failed?: string;
    /**
     * the image was too large to store and was lost in a reload
     */
    lost?: true;
};
export type Chat = {
    /**
     * the partner's alias. A chat that the partner ended keeps it until the next chat begins: its
     * last messages may still need to be confirmed, without which there is no new match.
     * '' after this client left, or once the session is forgotten
     */
    partnerId: string;
    /**
     * who ended it; lost: the session could not be resumed
     */
    ended: '' | 'you' | 'partner' | 'lost';
    /**
     * the partner's messages up to this number have arrived
     */
    got: number;
    /**
     * the last number given to a message
     */
    sent: number;
    /**
     * the server has custody up to this number
     */
    acked: number;
    /**
     * the partner's client has the messages up to this number
     */
    delivered: number;
    /**
     * see Partner
     */
    common?: string[];
    messages: Message[];
};
export type Partner = {
    id: string;
    here: boolean;
    typing: boolean;
    awayUntil: number;
    common: string[];
};
export type Status = 'sending' | 'sent' | 'delivered' | 'failed';
export type Frame = {
    type: string;
    [member: string]: any;
};
export type ErrorFrame = {
    code: string;
    message?: string;
    n?: number;
};
export type Signal = {
    addEventListener: Function;
    removeEventListener: Function;
    aborted: boolean;
    reason?: any;
};
export type Own = {
    /**
     * the state that the library exposes has changed
     */
    change: void;
    /**
     * a new entry in messages: from the partner, from this client, or a gap
     */
    message: Message;
    /**
     * the status of a message from this client has changed
     */
    status: Message;
    /**
     * the server refused something, the chat cannot be stored (storage), or the client cannot dial
     * with this url or key (address)
     */
    error: ErrorFrame;
    /**
     * every message from the server
     */
    frame: Frame;
};
export type Told = 'auth_success' | 'auth_error' | 'session_id' | 'resumed' | 'resume_failed' | 'searching' | 'matched' | 'partner_disconnected' | 'partner_away' | 'partner_back' | 'typing_start' | 'typing_stop' | 'ack' | 'gap' | 'chat_ended' | 'pong';
export type Events = Own & {
    [T in Told]: Frame;
};
export declare class ChatMe {
    #private;
    /**
     * @param {object} options
     * @param {string|URL} options.url      ws: or wss: address of the server
     * @param {string} options.apiKey       WEB_API_KEY or MOBILE_API_KEY of the server
     * @param {{ getItem(key: string): string|null|undefined, setItem(key: string, value: string): void }|null} [options.storage]
     *   null: memory only. Default: sessionStorage in a page, elsewhere null
     * @param {string} [options.storageKey]
     * @param {new (url: string) => any} [options.WebSocket]  default: the global one
     * @param {number} [options.keep]       how many messages of a chat to keep; your own are never dropped before they are delivered
     * @param {boolean} [options.resume]    false: never ask for a session that can be resumed
     * @param {Signal} [options.signal]     when it aborts: close and emit no more events
     */
    constructor({ url, apiKey, storage, storageKey, WebSocket: Socket, keep, resume, signal }: {
        url: string | URL;
        apiKey: string;
        storage?: {
            getItem(key: string): string | null | undefined;
            setItem(key: string, value: string): void;
        } | null;
        storageKey?: string;
        WebSocket?: new (url: string) => any;
        keep?: number;
        resume?: boolean;
        signal?: Signal;
    });
    /** @returns {'idle'|'searching'|'chatting'} */
    get state(): 'idle' | 'searching' | 'chatting';
    /** Whether the client is connected and the server has answered. */
    get online(): boolean;
    /** '', or why the library does not reconnect. @returns {''|'key'|'replaced'|'banned'|'too_large'|'refused'} */
    get stopped(): '' | 'key' | 'replaced' | 'banned' | 'too_large' | 'refused';
    /** Whether the connection uses the base protocol: it cannot be resumed, and nothing is confirmed. */
    get plain(): boolean;
    /** The partner in the current chat, or null. @returns {Partner|null} */
    get partner(): Partner | null;
    /** The topics that the server offers to prefer(). Empty: none, or not connected yet. @returns {string[]} */
    get topics(): string[];
    /** The languages that the server offers to prefer(), such as 'de'. Empty: none, or not connected yet. @returns {string[]} */
    get languages(): string[];
    /** How many bytes are still to be sent, for example of a large image. @returns {number} */
    get unsentBytes(): number;
    /** '', or who ended the latest chat. @returns {''|'you'|'partner'|'lost'} */
    get ended(): '' | 'you' | 'partner' | 'lost';
    /** The messages of the latest chat, oldest first; do not modify. A new chat has a new array. @returns {Message[]} */
    get messages(): Message[];
    /** The status of a message that this client sent in this chat. @param {Message} m @returns {Status} */
    statusOf(m: Message): Status;
    /**
     * Calls listener for every event of this type, see Events. Returns a function that removes it; an aborted signal
     * removes it too.
     * @template {keyof Events} T
     * @param {T} type
     * @param {(event: Events[T]) => void} listener
     * @param {{ signal?: Signal }} [options]
     * @returns {() => void}
     */
    on<T extends keyof Events>(type: T, listener: (event: Events[T]) => void, { signal }?: {
        signal?: Signal;
    }): () => void;
    /** @template {keyof Events} T @param {T} type @param {(event: Events[T]) => void} listener */
    off<T extends keyof Events>(type: T, listener: (event: Events[T]) => void): void;
    /**
     * Resumes the session, or opens one. search() connects by itself. Resolves when the server has
     * answered. Rejects when the server refuses this client, when url or apiKey is not usable, or when close() comes
     * first; an abort calls close(). You need not await the promise.
     * @param {{ signal?: Signal }} [options]
     * @returns {Promise<void>}
     */
    connect({ signal }?: {
        signal?: Signal;
    }): Promise<void>;
    /**
     * Finds a partner; in a chat, leaves it for the next one. Resolves when there is one. Rejects when the search
     * is over; an abort before that calls end(). When url or apiKey is not usable it rejects too, and nothing has
     * changed. You need not await the promise.
     * @param {{ signal?: Signal }} [options]
     * @returns {Promise<Partner>}
     */
    search({ signal }?: {
        signal?: Signal;
    }): Promise<Partner>;
    /**
     * Sets what the user would like to talk about, and in which languages, now and after each reconnect. An absent or empty
     * list means any. The server ignores what it does not offer, see topics and languages. The library does not store this: call
     * it before connect() or search(), and again when the user changes it. Throws a TypeError unless both are lists of strings.
     * @param {{ topics?: string[], languages?: string[] }} wants
     */
    prefer({ topics, languages }: {
        topics?: string[];
        languages?: string[];
    }): void;
    /**
     * Sends text, or { text, imageUrl }. The message is stored, and delivered as soon as it can be.
     * Throws when there is no chat, or when the message is empty or too large.
     * @param {string | { text?: string, imageUrl?: string }} content
     * @returns {Message}
     */
    send(content: string | {
        text?: string;
        imageUrl?: string;
    }): Message;
    /**
     * Sends an image: a Blob or File, which is read first, a data URI, or an https address. Throws as send() does, when
     * the protocol does not allow the image, and when the chat ended while it was read.
     * @param {string | Blob} image
     * @param {{ text?: string, signal?: Signal }} [options]
     * @returns {Promise<Message>}
     */
    sendImage(image: string | Blob, { text, signal }?: {
        text?: string;
        signal?: Signal;
    }): Promise<Message>;
    /** Tells the partner that the user is typing; call it on every key press. */
    typing(on?: boolean): void;
    /** Leaves for good: deletes the chat, the session and everything stored. */
    end(): void;
    /** The app goes to the background: the server holds messages for up to ms, and the socket is closed until connect(). */
    sleep(ms?: number): void;
    /** Closes the socket until connect() or search(). The session and the chat remain, as after any lost connection. */
    close(): void;
    /**
     * The network or the app is back: reconnects at once, or checks whether the socket is alive. In a browser the library
     * calls it; elsewhere call it when the app comes to the foreground.
     */
    wake(): void;
}
