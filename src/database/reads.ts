import type { Database } from "../store/contract.ts";
import { readUnindexed } from "./index-search.ts";
import { readCreatedEntries } from "./read-created-entries.ts";
import {
  readEntries,
  readEntry,
  readEntryHeads,
  readExpired,
  readStoredEntries,
} from "./read-entries.ts";
import { readHeads, readLastClear, readLog, readLogEnds, readStoredLog } from "./read-log.ts";
import { readNamespaces, readUsage } from "./read-namespaces.ts";
import {
  readIndexed,
  readPlaces,
  readSearchState,
  readWritten,
  type SearchReader,
} from "./read-search.ts";
import type { StoreReader } from "./sql.ts";

/** How a database runs what reads. */
export interface ReadAccess {
  readonly reader: StoreReader;
  readonly searchReader: SearchReader;
}

/** The part of the contract that reads: the same statements on both databases. */
export class Reads {
  readonly #access: ReadAccess;

  constructor(access: ReadAccess) {
    this.#access = access;
  }

  readonly readEntry: Database["readEntry"] = (...args) =>
    this.#read((reader) => readEntry(reader, ...args));
  readonly readEntries: Database["readEntries"] = (...args) =>
    this.#read((reader) => readEntries(reader, ...args));
  readonly readEntryHeads: Database["readEntryHeads"] = (...args) =>
    this.#read((reader) => readEntryHeads(reader, ...args));
  readonly readStoredEntries: Database["readStoredEntries"] = (...args) =>
    this.#read((reader) => readStoredEntries(reader, ...args));
  readonly readCreatedEntries: Database["readCreatedEntries"] = (...args) =>
    this.#read((reader) => readCreatedEntries(reader, ...args));
  readonly readNamespaces: Database["readNamespaces"] = (...args) =>
    this.#read((reader) => readNamespaces(reader, ...args));
  readonly readUsage: Database["readUsage"] = (...args) =>
    this.#read((reader) => readUsage(reader, ...args));
  readonly readExpired: Database["readExpired"] = (...args) =>
    this.#read((reader) => readExpired(reader, ...args));

  readonly readLogEnds: Database["readLogEnds"] = (...args) =>
    this.#read(({ client }) => readLogEnds(client, ...args));
  readonly readLog: Database["readLog"] = (...args) =>
    this.#read(({ client }) => readLog(client, ...args));
  readonly readStoredLog: Database["readStoredLog"] = (...args) =>
    this.#read(({ client }) => readStoredLog(client, ...args));
  readonly readHeads: Database["readHeads"] = (...args) =>
    this.#read(({ client }) => readHeads(client, ...args));
  readonly readLastClear: Database["readLastClear"] = (...args) =>
    this.#read(({ client }) => readLastClear(client, ...args));
  readonly readUnindexed: Database["readUnindexed"] = (...args) =>
    this.#read(({ client }) => readUnindexed(client, ...args));

  readonly readSearchState: Database["readSearchState"] = (...args) =>
    this.#search((reader) => readSearchState(reader, ...args));
  readonly readIndexed: Database["readIndexed"] = (...args) =>
    this.#search((reader) => readIndexed(reader, ...args));
  readonly readWritten: Database["readWritten"] = (...args) =>
    this.#search((reader) => readWritten(reader, ...args));
  readonly readPlaces: Database["readPlaces"] = (...args) =>
    this.#search((reader) => readPlaces(reader, ...args));

  #read<T>(work: (reader: StoreReader) => Promise<T>): Promise<T> {
    return work(this.#access.reader);
  }

  #search<T>(work: (reader: SearchReader) => Promise<T>): Promise<T> {
    return work(this.#access.searchReader);
  }
}
