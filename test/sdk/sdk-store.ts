import { createDataStore, type ConnectionOptions, type DataStore } from "../../src/client/index.ts";

/** The store of a test's server, as one agent reaches it. */
export function storeOf(
  server: { readonly url: string; readonly token: string },
  options: ConnectionOptions = {},
): DataStore {
  return createDataStore({ url: server.url, token: server.token, ...options });
}

/** The first items of what may go on for ever. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  return takeUntil(items, (_item, taken) => taken.length === count);
}

/** The items up to and with the first of which it holds. */
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

/** All items of what ends by itself. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  return takeUntil(items, () => false);
}
