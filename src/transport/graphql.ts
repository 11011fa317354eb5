import type { IncomingMessage, ServerResponse } from "node:http";
import { GraphQLError } from "graphql";
import { createLRUCache, createYoga, type Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import type { Session } from "../auth/authenticator.ts";
import { limitExceeded } from "../errors.ts";
import type { Feed } from "../feed/feed.ts";
import { ResponseBudget, type Context } from "../schema/context.ts";
import { schema } from "../schema/schema.ts";
import type { Limits } from "../store/limits.ts";
import type { Store } from "../store/store.ts";
import { publicError } from "./public-error.ts";

export interface GraphqlOptions {
  readonly store: Store;
  readonly feed: Feed;
  readonly logger: Logger;
}

/** What executes operations, whichever transport they came by. */
export type Graphql = ReturnType<typeof createGraphql>;

/** Lexical tokens of one operation: bounds what validation, quadratic in the worst case, may cost. */
const maxQueryTokens = 4_000;
/** Only short documents are kept parsed: the long ones are data written into a query, and never seen again. */
const maxCachedDocumentLength = 4_096;

export function createGraphql({ store, feed, logger }: GraphqlOptions) {
  const documents = createLRUCache<never>({ max: 500, ttl: 3_600_000 });
  const yoga = createYoga<Context>({
    schema,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    // The HTTP handler reads and bounds the body itself, which is some twice as fast.
    maxRequestBodySize: false,
    cors: { origin: "*", methods: ["GET", "POST", "OPTIONS"] },
    logging: {
      debug: () => {},
      info: () => {},
      warn: (...args) => logger.warn({ args }, "graphql"),
      error: () => {},
    },
    maskedErrors: { maskError: (error) => publicError(error, logger) as unknown as Error },
    parserAndValidationCache: {
      documentCache: {
        get: (text) => documents.get(text),
        set: (text, document) => {
          if (text.length <= maxCachedDocumentLength) documents.set(text, document as never);
        },
      },
      errorCache: { get: () => undefined, set: () => {} },
    },
    plugins: [boundQueryText(store.limits)],
  });
  return {
    /** Answers an HTTP request whose body, if it has one, was read into `request.body`. */
    respond: yoga as unknown as (
      request: IncomingMessage,
      response: ServerResponse,
      context: Context | Record<string, never>,
    ) => Promise<void>,
    /** The functions of one operation on another transport, with the same plugins applied. */
    enveloped: (context: Context, params: object) =>
      yoga.getEnveloped({ ...context, params } as never),
    /** What the resolvers of one operation are given. */
    context: (session: Session, closed: AbortSignal | null = null): Context => ({
      ...session,
      closed,
      store,
      feed,
      responseBudget: new ResponseBudget(store.limits.maxResponseBytes),
    }),
  };
}

function boundQueryText(limits: Limits): Plugin {
  return {
    onParse({ params, parseFn, setParseFn }) {
      const text = typeof params.source === "string" ? params.source : params.source.body;
      const bytes = Buffer.byteLength(text);
      if (bytes > limits.maxQueryBytes) {
        throw limitExceeded(
          "maxQueryBytes",
          limits.maxQueryBytes,
          `The text of an operation may have ${limits.maxQueryBytes} bytes; this has ${bytes}. Send values as variables.`,
          "query",
        );
      }
      setParseFn((source: string, options?: object) => {
        try {
          return parseFn(source, { ...options, maxTokens: maxQueryTokens });
        } catch (error) {
          // The parser recurses: brackets by the thousand end its stack.
          if (error instanceof RangeError)
            throw new GraphQLError("The operation is nested too deep.");
          throw error;
        }
      });
    },
  };
}
