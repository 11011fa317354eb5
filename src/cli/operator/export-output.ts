import { open, stat } from "node:fs/promises";
import { StartError } from "../../start-error.ts";
import { readExport } from "../../transfer/read-export.ts";
import { Sequence } from "../../transfer/sequence.ts";

/** Where an export goes. */
export interface Output extends AsyncDisposable {
  /** What it has already. */
  readonly sequence: Sequence;
  readonly howToGoOn: string;
  write(text: string): Promise<void>;
  /** Makes sure that it is there. */
  finish(): Promise<void>;
}

interface OutputFlags {
  readonly user: string;
  readonly namespacePrefix: string;
  readonly output?: string;
  readonly resume?: boolean;
}

export async function openOutput(flags: OutputFlags): Promise<Output> {
  return flags.output === undefined ? standardOutput() : openFile(flags.output, flags);
}

function standardOutput(): Output {
  return {
    sequence: new Sequence(),
    howToGoOn: "What was written is not whole; with --output it could be gone on with.",
    // That it can't be written is for whoever runs commands to say.
    write: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
    finish: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

async function openFile(file: string, flags: OutputFlags): Promise<Output> {
  const isThere = (await sizeOf(file)) > 0;
  if (isThere && !flags.resume) {
    throw new StartError(
      `${file} is there already. Go on with it (--resume), remove it, or choose another.`,
    );
  }
  const { sequence, end } = isThere
    ? await readExport(file, () => {})
    : { sequence: new Sequence(), end: 0 };
  if (isThere && sequence.header === null) {
    throw new StartError(`${file} has no whole line of an export. Remove it, or choose another.`);
  }
  requireSame(file, sequence, flags);
  const handle = await explained(file, () => open(file, "a", 0o600));
  // A line that was cut off is written anew.
  if (isThere) await explained(file, () => handle.truncate(end));
  return {
    sequence,
    howToGoOn: "The same command with --resume goes on.",
    write: (text) => explained(file, () => handle.appendFile(text)),
    finish: () => explained(file, () => handle.sync()),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function requireSame(file: string, { header }: Sequence, flags: OutputFlags): void {
  if (header === null) return;
  if (header.user === flags.user && header.namespacePrefix === flags.namespacePrefix) return;
  throw new StartError(
    `${file} is an export of user ${header.user} and namespaces that begin with ${JSON.stringify(header.namespacePrefix)}. ` +
      "Give the same options, or choose another file.",
  );
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new StartError(`${file} can't be read: ${error.message}`);
  });
  return found?.size ?? 0;
}

async function explained<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StartError(`${file} can't be written: ${(error as Error).message}`);
  }
}
