import type { MigrationState } from "./migrate.ts";

/** The state of a database, read without changing it. */
export interface Inspection extends MigrationState {
  /** The database program, such as `PostgreSQL 18.1`. */
  readonly version: string;
  /** Milliseconds by which its clock, or its newest change, is ahead of this machine's clock; negative if behind. */
  readonly clockAheadMs: number;
  /** Other findings, each with a remedy. */
  readonly warnings: readonly string[];
}
