import type { Entry } from "../store/model/entry.ts";
import { builder } from "./builder.ts";

/** Declared before it is implemented, because entries refer to changes and changes refer to entries. */
export const entryRef = builder.objectRef<Entry>("Entry");
