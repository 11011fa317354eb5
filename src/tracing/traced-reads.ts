import type { Log, PastLog, ReadView } from "../store/contract.ts";
import type { StoreDatabase } from "../store/store.ts";
import type { SearchReader } from "../store/search/search-reader.ts";
import type { Tracing } from "./tracing.ts";

type Reads = ReadView & Log & PastLog;

/** All reads; a missing one does not compile. */
const names = Object.keys({
  readEntry: true,
  readEntries: true,
  readEntryHeads: true,
  readStoredEntries: true,
  readCreatedEntries: true,
  readHeldClaims: true,
  readClaims: true,
  readNamespaceClaims: true,
  readNamespaces: true,
  readNamespaceNames: true,
  readUsage: true,
  readLogEnds: true,
  readEpoch: true,
  readLog: true,
  readStoredLog: true,
  readNow: true,
  readTimes: true,
  readHeads: true,
  readLastClear: true,
  readPastKeys: true,
  readPastNamespace: true,
  readRevisions: true,
} satisfies Record<keyof Reads, true>) as (keyof Reads)[];

type AnyRead = (...args: unknown[]) => Promise<unknown>;

/** The reads of a database, each as a span of the operation that requests it. A search has one span per statement. */
export function tracedReads(database: StoreDatabase, tracing: Tracing): StoreDatabase {
  const reads = Object.fromEntries(
    names.map((name) => {
      const read = database[name] as unknown as AnyRead;
      const traced: AnyRead = (...args) =>
        tracing.child(`database ${name}`, {}, () => read.apply(database, args));
      return [name, traced];
    }),
  ) as unknown as Reads;
  return { ...reads, searchReader: tracedSearch(database.searchReader, tracing) };
}

function tracedSearch(reader: SearchReader, tracing: Tracing): SearchReader {
  const { client, ofUser } = reader;
  return {
    ...reader,
    client: {
      all: (query, atMost) => tracing.child("database search", {}, () => client.all(query, atMost)),
      allWithin: (query, maxMs) =>
        tracing.child("database search", {}, async () => {
          return (await client.allWithin?.(query, maxMs)) ?? null;
        }),
    },
    ...(ofUser ? { ofUser: (userId) => tracedSearch(ofUser(userId), tracing) } : {}),
  };
}
