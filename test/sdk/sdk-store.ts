import { createDataStore, type ConnectionOptions, type DataStore } from "../../src/client/index.ts";

/** A client of a test's server, with an agent name. */
export function storeOf(
  server: { readonly url: string; readonly token: string },
  options: ConnectionOptions = {},
): DataStore {
  return createDataStore({ url: server.url, token: server.token, ...options });
}

/** The first items of an iterable that can be endless. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  return takeUntil(items, (_item, taken) => taken.length === count);
}

/** The items up to and including the first that meets the condition. */
export async function takeUntil<T>(
  items: AsyncIterable<T>,
  isLast: (item: T, taken: readonly T[]) => boolean,
): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (isLast(item, taken)) break;
  }
  return taken;
}

/** All items of an iterable that ends. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  return takeUntil(items, () => false);
}
