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
import {
  readHeads,
  readLastClear,
  readLog,
  readLogEnds,
  readLogStatistics,
  readStoredLog,
} from "./read-log.ts";
import { readNamespaceNames, readNamespaces, readUsage } from "./read-namespaces.ts";
import { readPastKeys, readPastNamespace, readRevisions } from "./read-past.ts";

/** The part of the contract that reads: the same statements on both databases. */
export class Reads {
  readonly searchReader: SearchReader;

  constructor(reader: SearchReader) {
    this.searchReader = reader;
  }

  readonly readEntry: Database["readEntry"] = (...args) => readEntry(this.searchReader, ...args);
  readonly readEntries: Database["readEntries"] = (...args) =>
    readEntries(this.searchReader, ...args);
  readonly readEntryHeads: Database["readEntryHeads"] = (...args) =>
    readEntryHeads(this.searchReader, ...args);
  readonly readStoredEntries: Database["readStoredEntries"] = (...args) =>
    readStoredEntries(this.searchReader, ...args);
  readonly readHeldClaims: Database["readHeldClaims"] = (...args) =>
    readHeldClaims(this.searchReader, ...args);
  readonly readClaims: Database["readClaims"] = (...args) => readClaims(this.searchReader, ...args);
  readonly readCreatedEntries: Database["readCreatedEntries"] = (...args) =>
    readCreatedEntries(this.searchReader, ...args);
  readonly readNamespaces: Database["readNamespaces"] = (...args) =>
    readNamespaces(this.searchReader, ...args);
  readonly readNamespaceNames: Database["readNamespaceNames"] = (...args) =>
    readNamespaceNames(this.searchReader, ...args);
  readonly readUsage: Database["readUsage"] = (...args) => readUsage(this.searchReader, ...args);
  readonly readExpired: Database["readExpired"] = (...args) =>
    readExpired(this.searchReader, ...args);

  readonly readLogEnds: Database["readLogEnds"] = (...args) =>
    readLogEnds(this.searchReader.client, ...args);
  readonly readLog: Database["readLog"] = (...args) => readLog(this.searchReader.client, ...args);
  readonly readStoredLog: Database["readStoredLog"] = (...args) =>
    readStoredLog(this.searchReader.client, ...args);
  readonly readHeads: Database["readHeads"] = (...args) =>
    readHeads(this.searchReader.client, ...args);
  readonly readLogStatistics: Database["readLogStatistics"] = () =>
    readLogStatistics(this.searchReader.client);
  readonly readLastClear: Database["readLastClear"] = (...args) =>
    readLastClear(this.searchReader.client, ...args);
  readonly readPastKeys: Database["readPastKeys"] = (...args) =>
    readPastKeys(this.searchReader.client, ...args);
  readonly readPastNamespace: Database["readPastNamespace"] = (...args) =>
    readPastNamespace(this.searchReader.client, ...args);
  readonly readRevisions: Database["readRevisions"] = (...args) =>
    readRevisions(this.searchReader.client, ...args);
  readonly readUnindexed: Database["readUnindexed"] = (...args) =>
    readUnindexed(this.searchReader, ...args);
}
