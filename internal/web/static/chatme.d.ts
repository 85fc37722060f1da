export type Message = {
    /**
     * its number in this chat and direction; of a gap, the last one missing
     */
    n: number;
    /**
     * sent from here
     */
    mine?: boolean;
    text?: string;
    imageUrl?: string;
    /**
     * milliseconds of 1970
     */
    ts?: number;
    /**
     * no message: some of the partner's were lost here
     */
    gap?: true;
    /**
     * why it does not arrive: the error code with which the server refused it for good; lost:
     *  as below; unsent: more was sent than was stored, so this number may stand for another
     */
    failed?: string;
    /**
     * an image was too big to be stored and is gone with a reload
     */
    lost?: true;
};
export type Chat = {
    /**
     * the partner's alias. One that the partner ended keeps it until the next chat begins: what
     * is left of it may still be to be confirmed, and without that nobody is matched again.
     * '' once it was left, or the session that knew it is forgotten
     */
    partnerId: string;
    /**
     * who ended it; lost: the session could not be resumed
     */
    ended: '' | 'you' | 'partner' | 'lost';
    /**
     * up to here the partner's messages have arrived
     */
    got: number;
    /**
     * the last number given to a message
     */
    sent: number;
    /**
     * up to here the server has custody
     */
    acked: number;
    /**
     * up to here the partner's client has them
     */
    delivered: number;
    messages: Message[];
};
export type Partner = {
    id: string;
    here: boolean;
    typing: boolean;
    awayUntil: number;
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
     * any of what the library tells is another now
     */
    change: void;
    /**
     * one more in messages: from the partner, from here, or a gap
     */
    message: Message;
    /**
     * a message that was sent from here has another status
     */
    status: Message;
    /**
     * the server refused something, the chat cannot be stored (storage), or there is no dialing
     * with the url or the key that was given (address)
     */
    error: ErrorFrame;
    /**
     * every message of the server
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
     * @param {number} [options.keep]       how many messages of a chat to remember; of one's own none is forgotten before it is delivered
     * @param {boolean} [options.resume]    false: never ask for a session that can be resumed
     * @param {Signal} [options.signal]     when it aborts: close, and no more events
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
    /** Whether the server is there and has answered. */
    get online(): boolean;
    /** '', or why the library does not reconnect. @returns {''|'key'|'replaced'|'banned'|'too_large'|'refused'} */
    get stopped(): '' | 'key' | 'replaced' | 'banned' | 'too_large' | 'refused';
    /** Whether the present connection is in the plain protocol: it cannot be resumed, and nothing is confirmed. */
    get plain(): boolean;
    /** The partner of the present chat, or null. @returns {Partner|null} */
    get partner(): Partner | null;
    /** How many bytes wait to leave, of a large image for example. @returns {number} */
    get unsentBytes(): number;
    /** '', or who ended the latest chat. @returns {''|'you'|'partner'|'lost'} */
    get ended(): '' | 'you' | 'partner' | 'lost';
    /** The messages of the latest chat, oldest first; not to be changed. A new chat is another array. @returns {Message[]} */
    get messages(): Message[];
    /** Of a message of this chat that was sent from here. @param {Message} m @returns {Status} */
    statusOf(m: Message): Status;
    /**
     * Calls listener at every event of this type, see Events. Returns the function that undoes it; a signal that aborts
     * does so too.
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
     * Goes on where the session stands, or opens one. Without it search() connects. Resolves when the server has
     * answered. Rejects when it does not let this client in, when url or apiKey is not usable, or close() comes first; an
     * abort is a close(). Nobody has to wait for the promise.
     * @param {{ signal?: Signal }} [options]
     * @returns {Promise<void>}
     */
    connect({ signal }?: {
        signal?: Signal;
    }): Promise<void>;
    /**
     * Finds a partner; in a chat, leaves it for the next one. Resolves when there is one. Rejects when it is not looked
     * for any more; an abort before that is an end(). When url or apiKey is not usable it rejects too, and nothing has
     * changed. Nobody has to wait for the promise.
     * @param {{ signal?: Signal }} [options]
     * @returns {Promise<Partner>}
     */
    search({ signal }?: {
        signal?: Signal;
    }): Promise<Partner>;
    /**
     * Sends text, or { text, imageUrl }. The message is stored, and delivered as soon as it can be.
     * Throws when there is no chat and when the message is empty or too large.
     * @param {string | { text?: string, imageUrl?: string }} content
     * @returns {Message}
     */
    send(content: string | {
        text?: string;
        imageUrl?: string;
    }): Message;
    /**
     * Sends an image: a Blob or File, which is read first, a data URI, or an https address. Throws as send() does, when
     * it is no image that the protocol knows, and when the chat ended while it was read.
     * @param {string | Blob} image
     * @param {{ text?: string, signal?: Signal }} [options]
     * @returns {Promise<Message>}
     */
    sendImage(image: string | Blob, { text, signal }?: {
        text?: string;
        signal?: Signal;
    }): Promise<Message>;
    /** Tells the partner that something is being typed; call it at every key. */
    typing(on?: boolean): void;
    /** Leaves for good: the chat, the session and everything stored. */
    end(): void;
    /** Going to the background: the server holds what comes for up to ms, and this closes the socket until connect(). */
    sleep(ms?: number): void;
    /** Closes the socket until connect() or search(). The session and the chat stay, as after any lost connection. */
    close(): void;
    /**
     * The network or the app is back: reconnects at once, or sees whether the socket is still alive. In a browser it is
     * called by itself; elsewhere call it when the app comes to the foreground.
     */
    wake(): void;
}
