import type { Database } from "../store/contract.ts";
import { readUnindexed, type SearchReader } from "../store/search/search-reader.ts";
import { readCreatedEntries } from "./read-created-entries.ts";
import {
  readEntries,
  readEntry,
  readEntryHeads,
  readExpired,
  readStoredEntries,
} from "./read-entries.ts";
import { readClaims, readHeldClaims } from "./read-claims.ts";
import { readNamespaceClaims } from "./read-namespace-claims.ts";
import {
  readEpoch,
  readHeads,
  readLastClear,
  readLog,
  readLogEnds,
  readLogStatistics,
  readNow,
  readStoredLog,
  readTimes,
} from "./read-log.ts";
import { readNamespaceNames, readNamespaces, readUsage } from "./read-namespaces.ts";
import { readPastKeys, readPastNamespace, readRevisions } from "./read-past.ts";
import type { SqlReader } from "./sql.ts";

/** Maximum number of users whose readers are kept. Every read needs one. */
const maxKnownUsers = 1_000;

/** The reads of the contract. Both databases run the same statements. Users take turns. */
export class Reads {
  readonly searchReader: SearchReader;
  readonly #ofUser: (userId: string) => SearchReader;

  /** @param clientOf returns the reader that runs the statements of one user */
  constructor(reader: SearchReader, clientOf: (userId: string) => SqlReader) {
    const known = new Map<string, SearchReader>();
    this.#ofUser = (userId) => {
      let ofUser = known.get(userId);
      if (ofUser) return ofUser;
      ofUser = { ...reader, client: clientOf(userId), ofUser: this.#ofUser };
      if (known.size >= maxKnownUsers) known.clear();
      known.set(userId, ofUser);
      return ofUser;
    };
    this.searchReader = { ...reader, ofUser: this.#ofUser };
  }

  readonly readEntry: Database["readEntry"] = (userId, place) =>
    readEntry(this.#ofUser(userId), userId, place);
  readonly readEntries: Database["readEntries"] = (query, bounds) =>
    readEntries(this.#ofUser(query.userId), query, bounds);
  readonly readEntryHeads: Database["readEntryHeads"] = (query, bounds) =>
    readEntryHeads(this.#ofUser(query.userId), query, bounds);
  readonly readStoredEntries: Database["readStoredEntries"] = (query, bounds) =>
    readStoredEntries(this.#ofUser(query.userId), query, bounds);
  readonly readHeldClaims: Database["readHeldClaims"] = (userId, places) =>
    readHeldClaims(this.#ofUser(userId), userId, places);
  readonly readClaims: Database["readClaims"] = (query, maxHeld) =>
    readClaims(this.#ofUser(query.userId), query, maxHeld);
  readonly readNamespaceClaims: Database["readNamespaceClaims"] = (query) =>
    readNamespaceClaims(this.#ofUser(query.userId), query);
  readonly readCreatedEntries: Database["readCreatedEntries"] = (query, bounds) =>
    readCreatedEntries(this.#ofUser(query.userId), query, bounds);
  readonly readNamespaces: Database["readNamespaces"] = (userId, ...args) =>
    readNamespaces(this.#ofUser(userId), userId, ...args);
  readonly readNamespaceNames: Database["readNamespaceNames"] = (userId, ...args) =>
    readNamespaceNames(this.#ofUser(userId), userId, ...args);
  readonly readUsage: Database["readUsage"] = (userId, ...args) =>
    readUsage(this.#ofUser(userId), userId, ...args);
  readonly readExpired: Database["readExpired"] = (...args) =>
    readExpired(this.searchReader, ...args);

  readonly readLogEnds: Database["readLogEnds"] = (userId) =>
    readLogEnds(this.#ofUser(userId), userId);
  readonly readLog: Database["readLog"] = (query, bounds) =>
    readLog(this.#ofUser(query.userId), query, bounds);
  readonly readStoredLog: Database["readStoredLog"] = (query, bounds) =>
    readStoredLog(this.#ofUser(query.userId), query, bounds);
  readonly readEpoch: Database["readEpoch"] = () => readEpoch(this.searchReader);
  readonly readNow: Database["readNow"] = () => readNow(this.searchReader);
  readonly readTimes: Database["readTimes"] = (userId, ...args) =>
    readTimes(this.#ofUser(userId).client, userId, ...args);
  readonly readHeads: Database["readHeads"] = (...args) =>
    readHeads(this.searchReader.client, ...args);
  readonly readLogStatistics: Database["readLogStatistics"] = () =>
    readLogStatistics(this.searchReader.client);
  readonly readLastClear: Database["readLastClear"] = (userId, ...args) =>
    readLastClear(this.#ofUser(userId).client, userId, ...args);
  readonly readPastKeys: Database["readPastKeys"] = (query, ...args) =>
    readPastKeys(this.#ofUser(query.userId).client, query, ...args);
  readonly readPastNamespace: Database["readPastNamespace"] = (userId, ...args) =>
    readPastNamespace(this.#ofUser(userId).client, userId, ...args);
  readonly readRevisions: Database["readRevisions"] = (userId, ...args) =>
    readRevisions(this.#ofUser(userId).client, userId, ...args);
  readonly readUnindexed: Database["readUnindexed"] = (...args) =>
    readUnindexed(this.searchReader, ...args);
}
