import type { IncomingMessage, ServerResponse } from "node:http";
import { execute, subscribe, type ExecutionArgs } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import type { Context } from "../schema/context.ts";
import { schema } from "../schema/schema.ts";
import { OperationRefusal, type Operations } from "./operations.ts";
import { publicError } from "./public-error.ts";
import type { Operation } from "./read-operation.ts";

/** What was read of a request before Yoga is given it. */
interface Read {
  /** Null where nothing is executed. */
  readonly context: Context | null;
  /** Null where it has no body. */
  readonly sent: Operation | null;
}

/** Answers a request. */
export type RespondByYoga = (
  request: IncomingMessage,
  response: ServerResponse,
  read: Read,
) => Promise<void>;

/** What Yoga hands through to its execution. */
interface ServerContext {
  readonly operation: Context | null;
}

/** GraphQL over HTTP in its rarer forms: server-sent events, preflight requests, and whatever is refused for its form. */
export function createYogaResponder(operations: Operations, logger: Logger): RespondByYoga {
  const yoga = createYoga<ServerContext>({
    schema,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    // The body was read, and bounded, before.
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
    parserAndValidationCache: false,
    plugins: [sharedOperations(operations), plainExecution, publicCodes(logger)],
  });
  return async (request, response, { context, sent }) => {
    const handle = yoga as unknown as (
      request: IncomingMessage,
      response: ServerResponse,
      context: ServerContext,
    ) => Promise<void>;
    // Yoga makes a URL of it, and fails at one that is not valid. Nothing here depends on it.
    request.headers.host = "localhost";
    // It takes a body that was parsed from here.
    if (request.method === "POST") Object.assign(request, { body: sent });
    await handle(request, response, { operation: context });
  };
}

/** Documents are parsed and validated as on every other transport. */
function sharedOperations(operations: Operations): Plugin {
  return {
    onParse: ({ setParseFn }) =>
      setParseFn((source: string) => {
        try {
          return operations.parse(source);
        } catch (error) {
          throw error instanceof OperationRefusal ? error.errors[0] : error;
        }
      }),
    onValidate: ({ params, setResult }) => setResult(operations.validate(params.documentAST)),
  };
}

/**
 * graphql-js's own functions. The executor that Yoga brings takes a value with a key `then` for a promise, whatever is
 * in it.
 */
const plainExecution: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn((args: ExecutionArgs) => execute(plain(args))),
  onSubscribe: ({ setSubscribeFn }) =>
    setSubscribeFn((args: ExecutionArgs) => subscribe(plain(args))),
};

function plain(args: ExecutionArgs): ExecutionArgs {
  return { ...args, contextValue: (args.contextValue as ServerContext).operation };
}

/** Yoga adds codes of its own to some errors after they were masked. */
function publicCodes(logger: Logger): Plugin {
  return {
    onExecutionResult({ result, setResult }) {
      if (!result || Array.isArray(result) || !("errors" in result) || !result.errors) return;
      setResult({ ...result, errors: result.errors.map((error) => publicError(error, logger)) });
    },
  };
}
