import type { Session } from "../auth/authenticator.ts";
import type { TokenAdministration } from "../auth/token-administration.ts";
import type { Feed } from "../feed/feed.ts";
import type { Context } from "../schema/context.ts";
import type { CallBounds } from "../store/call-bounds.ts";
import { ResponseBudget, type AnswersUnderWay } from "../store/response-budget.ts";
import type { SharedMemory } from "../store/shared-memory.ts";
import type { Store } from "../store/store.ts";
import type { Writer } from "../store/writer.ts";
import type { OperationNote } from "./operation-note.ts";

/** The services that resolvers use. All operations share them. */
export interface Services {
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly tokens: TokenAdministration;
  readonly bounds: CallBounds;
  /** The memory that large requests and responses use. */
  readonly memory: SharedMemory;
}

/** The connection of an operation. */
export interface Connection {
  /** The details of the operation for the log. */
  readonly note: OperationNote;
  /** Returns the signal that aborts when the caller disconnects. Only operations that can take long call it. */
  readonly closed: () => AbortSignal;
  /** Shared by the concurrent operations of one connection; left out if a connection has only one. */
  readonly underWay?: AnswersUnderWay;
}

/** The context of one operation. Its signals are created at their first use, because most operations need none. */
export class OperationContext implements Context {
  readonly viewer: Context["viewer"];
  readonly budget: ResponseBudget;
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly tokens: TokenAdministration;
  isWithinComplexity = false;
  readonly #session: Session;
  readonly #connection: Connection;

  constructor(services: Services, session: Session, connection: Connection) {
    this.viewer = session.viewer;
    this.store = services.store;
    this.writer = services.writer;
    this.feed = services.feed;
    this.tokens = services.tokens;
    const { maxResponseBytes } = services.store.limits;
    const { memory } = services;
    const { userId } = session.viewer;
    this.budget = new ResponseBudget(maxResponseBytes, connection.underWay ?? null, {
      memory,
      userId,
    });
    this.#session = session;
    this.#connection = connection;
  }

  get ended(): AbortSignal {
    return this.#session.ended;
  }

  get note(): OperationNote {
    return this.#connection.note;
  }

  get closed(): AbortSignal {
    return this.#connection.closed();
  }
}
