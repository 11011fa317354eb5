import type { StoredAnswer } from "../store/commit/answer.ts";
import type { Change } from "../store/model/change.ts";
import type { ClaimState, StoredEntry } from "../store/model/claim.ts";

// What a write sends: the columns of its rows, and how the store's things become their cells.

type ColumnType = "text" | "bigint" | "integer" | "boolean" | "time";
export type Cell = string | bigint | number | boolean | Date | null;

/** Rows on their way into a statement. */
export interface Table {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly rows: readonly (readonly Cell[])[];
}

export const keyColumns = { userId: "text", namespace: "text", key: "text" } as const;

export const wantedColumns = { ...keyColumns, withValue: "boolean" } as const;

export const entryColumns = {
  ...keyColumns,
  revision: "bigint",
  createdRevision: "bigint",
  createdAt: "time",
  updatedAt: "time",
  createdBy: "text",
  updatedBy: "text",
  expiresAt: "time",
  claimToken: "text",
  claimAttempt: "integer",
  claimExpiresAt: "time",
  isCompleted: "boolean",
  sizeBytes: "integer",
  metadata: "text",
  value: "text",
} as const;

export const claimColumns = {
  ...keyColumns,
  claimToken: "text",
  claimAttempt: "integer",
  claimExpiresAt: "time",
  isCompleted: "boolean",
} as const;

export const answerColumns = {
  userId: "text",
  idempotencyKey: "text",
  at: "time",
  digest: "text",
  results: "text",
} as const;

export const changeColumns = {
  userId: "text",
  revision: "bigint",
  kind: "text",
  namespace: "text",
  key: "text",
  agent: "text",
  at: "time",
  createdRevision: "bigint",
  createdAt: "time",
  createdBy: "text",
  expiresAt: "time",
  sizeBytes: "integer",
  metadata: "text",
  value: "text",
} as const;

/** In the order of `entryColumns`, after the user. */
export function entryCells(entry: StoredEntry): Cell[] {
  return [
    entry.namespace,
    entry.key,
    entry.revision,
    entry.createdRevision,
    entry.createdAt,
    entry.updatedAt,
    entry.createdBy,
    entry.updatedBy,
    entry.expiresAt,
    ...claimCells(entry.claim),
    entry.sizeBytes,
    entry.metadata,
    entry.value,
  ];
}

export function claimCells(claim: ClaimState): Cell[] {
  return [claim.token, claim.attempt, claim.expiresAt, claim.isCompleted];
}

/** In the order of `changeColumns`, after the user. */
export function changeCells(change: Change): Cell[] {
  const { entry } = change;
  return [
    change.revision,
    change.kind,
    change.namespace,
    change.key,
    change.agent,
    change.at,
    entry && entry.createdRevision,
    entry && entry.createdAt,
    entry && entry.createdBy,
    entry && entry.expiresAt,
    entry && entry.sizeBytes,
    entry && entry.metadata,
    entry && entry.value,
  ];
}

/** In the order of `answerColumns`, after the user. */
export function answerCells({ idempotencyKey, at, digest, results }: StoredAnswer): Cell[] {
  return [idempotencyKey, at, digest, results];
}
