import type { Log, PastLog, ReadView } from "./contract.ts";
import type { Limits } from "./model/limits.ts";
import { ReadChecks } from "./read-checks.ts";
import { ReadableClaims } from "./readable-claims.ts";
import { ReadableEntries } from "./readable-entries.ts";
import { ReadableLog } from "./readable-log.ts";
import { ReadableNamespaces } from "./readable-namespaces.ts";
import type { SearchDatabase } from "./search/search.ts";

/** The part of a database that the store reads. */
export interface StoreDatabase extends ReadView, Log, PastLog, SearchDatabase {}

/**
 * The entry point of reads. Every read checks the viewer's scopes and namespaces (G1) and the limits (G9) before it
 * accesses the database.
 */
export class Store {
  readonly limits: Limits;
  readonly checks: ReadChecks;
  readonly entries: ReadableEntries;
  readonly claims: ReadableClaims;
  readonly namespaces: ReadableNamespaces;
  readonly log: ReadableLog;

  constructor(database: StoreDatabase, limits: Limits) {
    this.limits = limits;
    this.checks = new ReadChecks(limits);
    this.entries = new ReadableEntries(database, this.checks);
    this.claims = new ReadableClaims(database, this.checks);
    this.namespaces = new ReadableNamespaces(database, this.checks);
    this.log = new ReadableLog(database, this.checks);
  }
}
