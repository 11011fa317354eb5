import { open, stat } from "node:fs/promises";
import { StartError } from "../../start-error.ts";
import { readExport, unreadable } from "../../transfer/read-export.ts";
import { Sequence } from "../../transfer/sequence.ts";
import { print } from "../terminal/output.ts";

/** Where an export is written. */
export interface Output extends AsyncDisposable {
  /** The lines written so far. */
  readonly sequence: Sequence;
  /** For the message of an interrupted export. */
  readonly howToGoOn: string;
  write(text: string): Promise<void>;
  /** Syncs the file to disk. */
  finish(): Promise<void>;
}

/** The flags of `baton export`. */
export interface ExportFlags {
  readonly user: string;
  readonly namespacePrefix: string;
  readonly output?: string;
  readonly resume?: boolean;
}

/**
 * Opens the file that `--output` names, or standard output.
 * @throws StartError if the file cannot be used
 */
export async function openOutput(flags: ExportFlags): Promise<Output> {
  return flags.output === undefined ? standardOutput() : openFile(flags.output, flags);
}

function standardOutput(): Output {
  return {
    sequence: new Sequence(),
    howToGoOn: "The output is incomplete. Use --output to be able to resume an export.",
    write: print,
    finish: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

async function openFile(file: string, flags: ExportFlags): Promise<Output> {
  const isThere = (await sizeOf(file)) > 0;
  if (isThere && !flags.resume) {
    throw new StartError(
      `${file} already exists. Continue it with --resume, remove it, or choose another file.`,
    );
  }
  const { sequence, end } = isThere
    ? await readExport(file, () => {})
    : { sequence: new Sequence(), end: 0 };
  if (isThere && sequence.header === null) {
    throw new StartError(
      `${file} contains no complete line of an export. Remove it, or choose another file.`,
    );
  }
  requireSame(file, sequence, flags);
  const handle = await writing(file, () => open(file, "a", 0o600));
  // An incomplete last line is removed and written again.
  if (isThere) await writing(file, () => handle.truncate(end));
  return {
    sequence,
    howToGoOn: "Rerun the command with --resume to continue.",
    write: (text) => writing(file, () => handle.appendFile(text)),
    finish: () => writing(file, () => handle.sync()),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function requireSame(file: string, { header }: Sequence, flags: ExportFlags): void {
  if (header === null) return;
  if (header.user === flags.user && header.namespacePrefix === flags.namespacePrefix) return;
  throw new StartError(
    `${file} is an export of user ${header.user} and namespaces that begin with ${JSON.stringify(header.namespacePrefix)}. ` +
      "Give the same options, or choose another file.",
  );
}

/** In bytes. A file that does not exist has none. */
async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw unreadable(file, error);
  });
  return found?.size ?? 0;
}

/** @throws StartError that names the file */
async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StartError(`${file} cannot be written: ${(error as Error).message}`);
  }
}
