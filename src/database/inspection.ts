import type { MigrationState } from "./migrate.ts";

/** A database as it is found, without a change to it. */
export interface Inspection extends MigrationState {
  /** The program that holds it, such as `PostgreSQL 18.1`. */
  readonly version: string;
  /** Milliseconds by which its clock, or its newest change, is ahead of this machine's clock; negative if behind. */
  readonly clockAheadMs: number;
  /** Other findings, each with what to do. */
  readonly warnings: readonly string[];
}
