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

/** What resolvers work with, the same for every operation. */
export interface Services {
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly tokens: TokenAdministration;
  readonly bounds: CallBounds;
  /** What large requests and answers hold. */
  readonly memory: SharedMemory;
}

/** What an operation's connection tells of itself. */
export interface Connection {
  /** What is noted of the operation. */
  readonly note: OperationNote;
  /** Gives the signal that aborts when the caller is gone. It is asked for only by operations that may last. */
  readonly closed: () => AbortSignal;
  /** Shared by the operations of one connection that are answered side by side; left out where there is only one. */
  readonly underWay?: AnswersUnderWay;
}

/** The context of one operation. Its signals are made when they are asked for: most operations end before. */
export class OperationContext implements Context {
  readonly viewer: Context["viewer"];
  readonly budget: ResponseBudget;
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly tokens: TokenAdministration;
  isWithinComplexity = false;
  /** Of what its caller sent. */
  requestBytes = 0;
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
