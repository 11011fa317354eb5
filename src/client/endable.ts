import { linked } from "./abort.ts";

/**
 * Creates an async generator for one reader. Unlike that of a native generator, `return()` does not wait for the next
 * item: it aborts the work in progress, and a pending `next()` resolves with `done`.
 *
 * @param begin produces the items; must end soon after its signal aborts
 * @param signals if one aborts, the generator rejects with its reason
 */
export function endable<T>(
  begin: (signal: AbortSignal) => AsyncGenerator<T, void>,
  ...signals: readonly (AbortSignal | undefined)[]
): AsyncGenerator<T, void> {
  const ending = new AbortController();
  const items = untilEnded(begin, ending.signal, signals);
  const end = () => ending.abort(new Error("The reader ended the iteration."));
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
