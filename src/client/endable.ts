import { linked } from "./abort.ts";

/**
 * Items for one reader. Unlike an async generator's own, `return()` does not wait for the next item: it ends the work
 * under way, and a `next()` that waits gives `done`.
 *
 * @param begin makes the items; must end soon after its signal aborts
 * @param signals abort the items with their reason
 */
export function endable<T>(
  begin: (signal: AbortSignal) => AsyncGenerator<T, void>,
  ...signals: readonly (AbortSignal | undefined)[]
): AsyncGenerator<T, void> {
  const ending = new AbortController();
  const items = untilEnded(begin, ending.signal, signals);
  const end = () => ending.abort(new Error("Its reader has ended it."));
  return {
    next: () => items.next(),
    return() {
      end();
      return items.return();
    },
    throw(error: unknown) {
      end();
      return items.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}

async function* untilEnded<T>(
  begin: (signal: AbortSignal) => AsyncGenerator<T, void>,
  ended: AbortSignal,
  signals: readonly (AbortSignal | undefined)[],
): AsyncGenerator<T, void> {
  const link = linked(ended, ...signals);
  try {
    yield* begin(link.signal);
  } catch (error) {
    if (!ended.aborted) throw error;
  } finally {
    link.unlink();
  }
}
