import type { GraphQLError } from "graphql";
import type { LiveOperation } from "./live-operation.ts";
import type { SocketSink } from "./socket-sink.ts";

// The results of operations as graphql-ws sees them: none, because they are written directly to the socket.

const over = Promise.resolve({ done: true as const, value: undefined });
/** The results of an operation whose result was written before. */
export const noResults: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => over }),
};

/**
 * Delivers the events of a subscription to its socket. Yields nothing. Completes when the subscription completes, and
 * throws the error that ends it.
 * @param shown returns an error in its public form
 */
export function deliveryOf(
  live: LiveOperation,
  sink: SocketSink,
  shown: (error: unknown) => GraphQLError,
): AsyncGenerator<never, void, void> {
  const done = { done: true as const, value: undefined };
  const end = async () => {
    live.close();
    return done;
  };
  return {
    next: async () => {
      try {
        await live.deliver(sink);
      } catch (error) {
        throw shown(error);
      }
      return done;
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
