import type { Cell, Columns } from "./tables.ts";

/** Rows as a table from which a statement selects. They are passed as one JSON parameter. */
export interface RowTable {
  readonly name: string;
  readonly columns: Columns;
  readonly rows: readonly (readonly Cell[])[];
}
