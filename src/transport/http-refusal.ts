import { BatonError } from "../errors.ts";
import { acceptsEventStream } from "./event-stream.ts";

/** A request that is refused for its form: its method, or what it accepts. Nothing was executed. */
export class HttpRefusal extends BatonError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super("BAD_USER_INPUT", message);
    this.status = status;
    this.headers = headers;
  }
}

/** A method that /graphql does not have. */
export function unknownMethod(method = ""): HttpRefusal {
  return new HttpRefusal(405, `Send an operation by POST, or a query by GET; this is ${method}.`, {
    Allow: "GET, POST, OPTIONS",
  });
}

/** A mutation that came by GET. */
export function mutationByGet(): HttpRefusal {
  return new HttpRefusal(405, "Send a mutation by POST. GET is for queries and subscriptions.", {
    Allow: "POST",
  });
}

/** A GET without an operation. */
export function missingQuery(): HttpRefusal {
  return new HttpRefusal(
    400,
    "The address has no parameter query. Send one, such as /graphql?query={viewer{user}}, or an operation by POST.",
  );
}

/** A result whose media types the caller does not accept. */
export function notAcceptable(accept: string | undefined, isSubscription: boolean): HttpRefusal {
  const sent = `this is ${JSON.stringify((accept ?? "").slice(0, 200))}`;
  if (isSubscription) {
    return new HttpRefusal(
      406,
      `A subscription is answered with server-sent events: send Accept: text/event-stream; ${sent}. Or subscribe over WebSocket, on the same path.`,
    );
  }
  const only = acceptsEventStream(accept) ? " Only a subscription is answered with events." : "";
  return new HttpRefusal(
    406,
    `Send Accept: application/json or application/graphql-response+json; ${sent}.${only}`,
  );
}
