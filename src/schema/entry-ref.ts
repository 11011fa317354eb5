import type { Entry } from "../store/model/entry.ts";
import { builder } from "./builder.ts";

/** Named before it is implemented: entries have a history of changes, and changes have entries. */
export const entryRef = builder.objectRef<Entry>("Entry");
