import type { Cell, Columns } from "./tables.ts";

/** Rows on their way into a statement, as a table to select from. They travel as one JSON parameter. */
export interface RowTable {
  readonly name: string;
  readonly columns: Columns;
  readonly rows: readonly (readonly Cell[])[];
}
