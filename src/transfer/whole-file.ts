import { StartError } from "../start-error.ts";
import type { EndLine } from "./line.ts";
import type { ReadExport } from "./read-export.ts";

/** A complete export. */
export interface WholeFile {
  readonly file: string;
  readonly lineCount: number;
  readonly end: EndLine;
}

/** @throws StartError unless the file is complete */
export function wholeFile(file: string, { sequence, isTorn }: ReadExport): WholeFile {
  const { end, lineCount } = sequence;
  if (end !== null && !isTorn) return { file, lineCount, end };
  throw new StartError(
    `${file}, line ${lineCount + 1}: The file is not complete: it has no CAUGHT_UP line. ` +
      "Continue the export: baton export --output … --resume",
  );
}
