import { BatonError } from "../errors.ts";
import { acceptsEventStream } from "./event-stream.ts";

/** The error of a request that is refused because of its method, path or `Accept` header. Nothing was executed. */
export class HttpRefusal extends BatonError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super("BAD_USER_INPUT", message);
    this.status = status;
    this.headers = headers;
  }
}

/** The error of a method that /graphql does not support. */
export function unknownMethod(method = ""): HttpRefusal {
  return new HttpRefusal(
    405,
    `Send an operation by POST, or a query by GET, and not by ${method}.`,
    {
      Allow: "GET, POST, OPTIONS",
    },
  );
}

/** The error of a mutation by GET. */
export function mutationByGet(): HttpRefusal {
  return new HttpRefusal(405, "Send a mutation by POST. GET is for queries and subscriptions.", {
    Allow: "POST",
  });
}

/** The error of a GET without a query. */
export function missingQuery(): HttpRefusal {
  return new HttpRefusal(
    400,
    "The URL has no parameter `query`. Send one, such as /graphql?query={viewer{user}}, or send an operation by POST.",
  );
}

/** The error of a request that accepts no media type of the result. */
export function notAcceptable(accept: string | undefined, isSubscription: boolean): HttpRefusal {
  const sent = `this is ${JSON.stringify((accept ?? "").slice(0, 200))}`;
  if (isSubscription) {
    return new HttpRefusal(
      406,
      `The events of a subscription are server-sent events: send Accept: text/event-stream; ${sent}. Or subscribe over WebSocket, on the same path.`,
    );
  }
  const only = acceptsEventStream(accept) ? " Only a subscription returns an event stream." : "";
  return new HttpRefusal(
    406,
    `Send Accept: application/json or application/graphql-response+json; ${sent}.${only}`,
  );
}
