import type { IncomingMessage, ServerResponse } from "node:http";
import {
  execute,
  GraphQLError,
  subscribe,
  type ASTVisitor,
  type ExecutionArgs,
  type ValidationContext,
} from "graphql";
import { createLRUCache, createYoga, type Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import type { Session } from "../auth/authenticator.ts";
import { limitExceeded } from "../errors.ts";
import type { Feed } from "../feed/feed.ts";
import { ResponseBudget, type AnswersUnderWay, type Context } from "../schema/context.ts";
import { schema } from "../schema/schema.ts";
import type { Limits } from "../store/model/limits.ts";
import type { Store } from "../store/store.ts";
import type { Writer } from "../store/writer.ts";
import { publicError } from "./public-error.ts";

export interface GraphqlOptions {
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly logger: Logger;
}

/** What executes operations, whichever transport they came by. */
export type Graphql = ReturnType<typeof createGraphql>;

/** Lexical tokens of one operation: bounds what validation, quadratic in the worst case, may cost. */
const maxQueryTokens = 4_000;
/** Only short documents are kept parsed: the long ones are data written into a query, and never seen again. */
const maxCachedDocumentLength = 4_096;

export function createGraphql({ store, writer, feed, logger }: GraphqlOptions) {
  const documents = createLRUCache<never>({ max: 500, ttl: 3_600_000 });
  const yoga = createYoga<Context>({
    schema,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    // The HTTP handler reads and bounds the body itself, which is some twice as fast.
    maxRequestBodySize: false,
    // A caller is known by its token alone, never by cookies, so any page may ask.
    cors: { origin: "*", credentials: false, methods: ["GET", "POST", "OPTIONS"] },
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
    plugins: [
      boundQueryText(store.limits),
      boundIntrospection,
      plainExecution,
      publicCodes((error) => publicError(error, logger)),
    ],
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
    context: (
      session: Session,
      connection: { closed?: AbortSignal; underWay?: AnswersUnderWay },
    ): Context => ({
      ...session,
      closed: connection.closed ?? null,
      store,
      writer,
      feed,
      responseBudget: new ResponseBudget(
        store.limits.maxResponseBytes,
        connection.underWay ?? null,
      ),
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

/**
 * Without aliases an introspection can't ask for anything twice, and graphql-js bounds its depth; with them a kilobyte
 * of query makes an answer of megabytes. No tool uses them there.
 */
const boundIntrospection: Plugin = {
  onValidate: ({ addValidationRule }) => {
    addValidationRule((context: ValidationContext): ASTVisitor => ({
      Field(node) {
        const parent = context.getParentType()?.name ?? "";
        const introspects = parent.startsWith("__") || /^__(schema|type)$/.test(node.name.value);
        if (!node.alias || !introspects) return;
        const message = "An introspection may not have aliases.";
        context.reportError(new GraphQLError(message, { nodes: node }));
      },
    }));
  },
};

/**
 * graphql-js's own functions. The executor that Yoga brings takes a value with a key `then` for a promise, whatever is
 * in it.
 */
const plainExecution: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn((args: ExecutionArgs) => execute(args)),
  onSubscribe: ({ setSubscribeFn }) => setSubscribeFn((args: ExecutionArgs) => subscribe(args)),
};

/** Yoga adds codes of its own to some errors after they were masked. */
function publicCodes(toPublic: (error: unknown) => GraphQLError): Plugin {
  return {
    onExecutionResult({ result, setResult }) {
      if (!result || Array.isArray(result) || !("errors" in result) || !result.errors) return;
      setResult({ ...result, errors: result.errors.map(toPublic) });
    },
  };
}
