import type { ExecutionArgs, ExecutionResult, GraphQLError } from "graphql";
import type { Logger } from "pino";
import type { Authenticator, Session } from "../auth/authenticator.ts";
import { badUserInput, limitExceeded } from "../errors.ts";
import { isLoopHeld, nextTurn } from "../event-loop.ts";
import type { TextParts } from "../json/write-long-json.ts";
import type { CallBounds } from "../store/call-bounds.ts";
import type { OperationObserver } from "../operation-observer.ts";
import type { OperationTracer } from "../operation-trace.ts";
import { schema } from "../schema/schema.ts";
import { smallBytes, type SharedMemory } from "../store/shared-memory.ts";
import { socketCredentials } from "./credentials.ts";
import { codeOf, type Graphql } from "./graphql.ts";
import { inSteps } from "../in-steps.ts";
import { LiveOperation } from "./live-operation.ts";
import { OpenOperation } from "./open-operation.ts";
import type { Connection, Extra } from "./open-socket.ts";
import type { OperationContext } from "./operation-context.ts";
import { loggedNote, tracedNote } from "./operation-note.ts";
import { OperationRefusal, type Prepared } from "./operations.ts";
import { publicError } from "./public-error.ts";
import { RefusedPayload } from "./read-message.ts";
import { encode } from "./send-parts.ts";
import { deliveryOf, noResults } from "./socket-results.ts";
import { nextHead, SocketSink } from "./socket-sink.ts";
import { socketCarriers } from "./trace-carriers.ts";
import { writeResult } from "./write-result.ts";

export interface SocketOperationsOptions {
  readonly graphql: Graphql;
  readonly authenticator: Authenticator;
  readonly bounds: CallBounds;
  readonly memory: SharedMemory;
  /** The maximum number of open operations on one socket. */
  readonly maxOperations: number;
  /** Null if traces are off. */
  readonly tracer: OperationTracer | null;
  readonly observer?: OperationObserver | undefined;
  readonly logger: Logger;
}

const maxOperationIdLength = 256;
/** A message is in memory twice: as text, and as the operation that was read from it. */
const copies = 2;
/** A socket opens after this time even if the database does not respond. */
const greetMs = 1_000;

/** An operation as it was sent. graphql-ws has checked the types of its members. */
interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: unknown;
  readonly extensions?: unknown;
}

/** The arguments that `prepare` passes to `execute` and `subscribe` through graphql-ws. */
interface Arguments extends ExecutionArgs {
  readonly connection: Connection;
  readonly id: string;
  readonly operation: OpenOperation;
  readonly prepared: Prepared;
  readonly variableValues: Readonly<Record<string, unknown>> | undefined;
  readonly contextValue: OperationContext;
}

type Result = ExecutionResult | AsyncIterable<ExecutionResult>;

/**
 * Connects graphql-ws, which implements the protocol, to GraphQL. For graphql-ws, an operation yields nothing and
 * completes: this class writes its results directly to the socket.
 */
export class SocketOperations {
  readonly #options: SocketOperationsOptions;

  constructor(options: SocketOperationsOptions) {
    this.#options = options;
  }

  /**
   * Checks the socket's token. The socket is accepted regardless of the result: each operation is checked separately,
   * and can have its own token.
   */
  greet({ connectionParams, extra }: Connection): Promise<void> | void {
    const greet = (session: Session) => this.#admit(extra, session);
    try {
      const session = this.#options.authenticator.authenticate(
        socketCredentials(connectionParams, undefined, extra.headers),
      );
      if (!(session instanceof Promise)) return greet(session);
      const admitted = session.then(greet).catch(() => {});
      return Promise.race([
        admitted,
        new Promise<void>((resolve) => setTimeout(resolve, greetMs).unref()),
      ]);
    } catch {
      // Each operation reports the reason.
    }
  }

  /**
   * Counts the socket as its user's until it closes. Called when a valid token was sent.
   * @throws LIMIT_EXCEEDED, RATE_LIMITED if the user has too many sockets
   */
  #admit(extra: Extra, { viewer }: Session): void {
    if (extra.viewer || extra.isClosed) return;
    const { bounds } = this.#options;
    const leave = bounds.enter(viewer, "Sockets");
    extra.leave = () => {
      leave();
      // Messages after the latest operation, such as pings.
      bounds.count(viewer, extra.receivedBytes);
      extra.receivedBytes = 0;
    };
    extra.viewer = viewer;
    extra.userId = viewer.userId;
  }

  /**
   * Prepares one operation. If it is refused, other operations of the socket are not affected.
   *
   * 1. Check that the socket has room for one more operation.
   * 2. Authenticate the caller, with the operation's own token if it has one, and check its bounds.
   * 3. Reserve memory for a large message in the user's share.
   * 4. Look up the document, or parse and validate it.
   * 5. If the caller has cancelled the operation in the meantime, abandon it.
   *
   * Steps 2 and 4 can wait. No later operation of the socket overtakes them. A refused operation counts as one read.
   */
  async prepare(
    connection: Connection,
    id: string,
    payload: Payload,
  ): Promise<Arguments | GraphQLError[]> {
    const { graphql, authenticator, bounds } = this.#options;
    const { extra } = connection;
    const operation = new OpenOperation(`${extra.requestId}/${id.slice(0, maxOperationIdLength)}`);
    operation.note.trace = this.#options.tracer?.begin(
      operation.beganAt,
      socketCarriers(connection.connectionParams, payload.extensions, extra.headers),
    );
    const { messageBytes, releaseMessage } = extra;
    extra.releaseMessage = null;
    try {
      // Operations that were cancelled in this turn of the event loop have ended in the next one.
      if (this.#isFull(extra)) await nextTurn(extra.userId);
      this.#requireRoom(extra, id);
      extra.operations.set(id, operation);
      const credentials = socketCredentials(
        connection.connectionParams,
        payload.extensions,
        extra.headers,
      );
      const session = await extra.inOrder.run(() => authenticator.authenticate(credentials));
      this.#admit(extra, session);
      operation.note.viewer = session.viewer;
      extra.userId = session.viewer.userId;
      const { receivedBytes } = extra;
      extra.receivedBytes = 0;
      bounds.admitReceived(session.viewer, receivedBytes);
      if (payload instanceof RefusedPayload) throw payload.problem;
      releaseMessage?.();
      if (messageBytes > smallBytes) this.#hold(operation, extra.userId, messageBytes);
      const prepared = await extra.inOrder.run(() => this.#document(connection, id, payload));
      const contextValue = graphql.context(session, {
        note: operation.note,
        underWay: extra.underWay,
        closed: () => operation.closed,
      });
      operation.note.definition = prepared.operation;
      operation.budget = contextValue.budget;
      if (!(id in connection.subscriptions)) operation.abandon();
      return {
        connection,
        id,
        operation,
        schema,
        prepared,
        document: prepared.document,
        operationName: payload.operationName,
        variableValues: payload.variables as Record<string, unknown> | undefined,
        contextValue,
      };
    } catch (refusal) {
      const viewer = operation.note.viewer ?? extra.viewer;
      const error = viewer ? bounds.refuse(viewer, refusal) : refusal;
      releaseMessage?.();
      // graphql-ws does not complete an operation that it refuses.
      if (extra.operations.get(id) === operation) extra.operations.delete(id);
      this.#release(operation);
      const errors =
        error instanceof OperationRefusal
          ? graphql.publicErrors(error.errors, operation.note)
          : [publicError(error, this.#options.logger, operation.note)];
      operation.note.errorCode = codeOf(errors);
      this.#countRefusal(operation);
      this.#log(operation);
      return errors;
    }
  }

  #document(
    { extra, subscriptions }: Connection,
    id: string,
    { query, operationName }: Payload,
  ): Prepared | Promise<Prepared> {
    const prepare = () => {
      if (!(id in subscriptions)) throw badUserInput("id", "It was completed.");
      return this.#options.graphql.operations.prepare(query, operationName, extra.userId);
    };
    return isLoopHeld() ? nextTurn(extra.userId).then(prepare) : prepare();
  }

  /** Executes a query or a mutation, and writes its result. */
  async execute(args: ExecutionArgs): Promise<Result> {
    const { connection, id, operation, prepared, variableValues, contextValue } = args as Arguments;
    let result: string | TextParts;
    try {
      const { graphql } = this.#options;
      const { trace } = operation.note;
      const answer = await (trace
        ? trace.run(() => graphql.execute(prepared, variableValues, contextValue))
        : graphql.execute(prepared, variableValues, contextValue));
      result = answer.text;
      operation.note.errorCode = answer.errorCode;
    } catch (error) {
      // If this were thrown, graphql-ws would close the whole socket.
      result = writeResult({ errors: [this.#noted(error, operation)] });
      this.#countRefusal(operation);
    }
    const { writer } = connection.extra;
    if (id in connection.subscriptions) {
      if (typeof result === "string") writer.writeText(`${nextHead(id)}${result}}`);
      else await this.#writeLong(connection, id, result);
      // The result counts as unread until there is room for more.
      if (writer.isFull) await writer.drained();
    }
    return noResults;
  }

  /** Writes a long result in steps, as one message. */
  async #writeLong({ extra, subscriptions }: Connection, id: string, result: TextParts) {
    if (result.length === 1) {
      extra.writer.writeText(`${nextHead(id)}${result[0]}}`);
      return;
    }
    const chunks = await inSteps(encode([nextHead(id), ...result, "}"]), extra.userId);
    if (id in subscriptions) extra.writer.writeParts(chunks);
  }

  async subscribe(args: ExecutionArgs): Promise<Result> {
    const { connection, id, operation, prepared, variableValues, contextValue } = args as Arguments;
    try {
      const { graphql } = this.#options;
      const { trace } = operation.note;
      const begun = await (trace
        ? trace.run(() => graphql.subscribe(prepared, variableValues, contextValue))
        : graphql.subscribe(prepared, variableValues, contextValue));
      if (begun instanceof LiveOperation) {
        // The span ends when the subscription begins: otherwise it would only be visible after the subscription's end.
        trace?.end(tracedNote(operation.note));
        const sink = new SocketSink(connection.extra.writer, id);
        return deliveryOf(begun, sink, (error) => this.#noted(error, operation));
      }
      operation.note.errorCode = codeOf(begun.errors ?? []);
      return begun;
    } catch (error) {
      const errors = [this.#noted(error, operation)];
      this.#countRefusal(operation);
      return { errors };
    }
  }

  /** Ends an operation whose result was sent. */
  complete({ extra: { operations } }: Connection, id: string): void {
    const operation = operations.get(id);
    if (!operation) return;
    operation.budget?.reset();
    this.#release(operation);
    operations.delete(id);
    this.#log(operation);
  }

  /** @throws RATE_LIMITED */
  #hold(operation: OpenOperation, userId: string, messageBytes: number): void {
    const { memory } = this.#options;
    const bytes = copies * messageBytes;
    memory.add(userId, bytes);
    operation.held = { userId, bytes };
    memory.requireRoom(userId);
  }

  #release(operation: OpenOperation): void {
    if (operation.held) this.#options.memory.remove(operation.held.userId, operation.held.bytes);
    operation.held = null;
  }

  #log({ note, beganAt }: OpenOperation): void {
    const { logger } = this.#options;
    note.trace?.end(tracedNote(note));
    if (!logger.isLevelEnabled("debug")) return;
    const durationMs = Math.round(performance.now() - beganAt);
    logger.debug({ ...loggedNote(note), durationMs }, "operation on a socket");
  }

  /** @throws BAD_USER_INPUT, LIMIT_EXCEEDED */
  #requireRoom(extra: Extra, id: string): void {
    const { operations } = extra;
    // A cancelled operation can still be running. It counts until it ends.
    if (id.length > maxOperationIdLength || operations.has(id)) {
      throw badUserInput("id", "Give each operation a short ID that no running operation has.");
    }
    const { maxOperations } = this.#options;
    if (this.#isFull(extra)) {
      throw limitExceeded(
        "maxSubscriptions",
        maxOperations,
        `One socket can have at most ${maxOperations} open operations. Complete one, or open another socket.`,
      );
    }
  }

  #isFull({ operations }: Extra): boolean {
    return operations.size >= this.#options.maxOperations;
  }

  #countRefusal({ note }: OpenOperation): void {
    this.#options.observer?.refused("websocket", String(note.errorCode));
  }

  #noted(error: unknown, { note }: OpenOperation): GraphQLError {
    const shown = publicError(error, this.#options.logger, note);
    note.errorCode = codeOf([shown]);
    return shown;
  }
}
