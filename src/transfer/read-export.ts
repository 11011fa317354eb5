import { createReadStream } from "node:fs";
import { StartError } from "../start-error.ts";
import { LineError, type Line } from "./line.ts";
import { parseLine } from "./parse-line.ts";
import { Sequence } from "./sequence.ts";

const newline = 0x0a;
const chunkBytes = 256 * 1024;
/** A longer line does not fit in a string. */
const maxLineBytes = 2 ** 29 - 100;

interface FileLine {
  /** The line with its line feed. The last line of a file can be without one. */
  readonly bytes: Buffer;
  /** The offset in the file of the first byte after it. */
  readonly end: number;
}

async function* readLines(file: string): AsyncGenerator<FileLine> {
  let torn: Buffer[] = [];
  let tornBytes = 0;
  let end = 0;
  try {
    const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: chunkBytes });
    for await (const chunk of chunks) {
      let from = 0;
      for (let at: number; (at = chunk.indexOf(newline, from)) !== -1; from = at + 1) {
        const part = chunk.subarray(from, at + 1);
        const bytes = torn.length > 0 ? Buffer.concat([...torn, part]) : part;
        torn = [];
        tornBytes = 0;
        end += bytes.length;
        yield { bytes, end };
      }
      if (from < chunk.length) torn.push(chunk.subarray(from));
      tornBytes += chunk.length - from;
      if (tornBytes > maxLineBytes) {
        throw new StartError(
          `${file}: A line has more than ${maxLineBytes} bytes, so this is not an export.`,
        );
      }
    }
  } catch (error) {
    const problem = error as NodeJS.ErrnoException;
    throw problem.code === undefined ? problem : unreadable(file, problem);
  }
  const bytes = Buffer.concat(torn);
  if (bytes.length > 0) yield { bytes, end: end + bytes.length };
}

/** The error of a file that cannot be read. */
export function unreadable(file: string, { message }: Error): StartError {
  return new StartError(`${file} cannot be read: ${message}`);
}

/** The result of reading a file. */
export interface ReadExport {
  readonly sequence: Sequence;
  /** The offset in the file of the first byte after the last complete line. */
  readonly end: number;
  /** Whether the file ends within a line. */
  readonly isTorn: boolean;
}

/**
 * Reads and checks every line.
 * @param onRead is called with the number of bytes read so far
 * @throws StartError that names the first line that is not valid
 */
export async function readExport(
  file: string,
  onRead: (bytes: number) => void,
): Promise<ReadExport> {
  const sequence = new Sequence();
  let end = 0;
  for await (const line of readLines(file)) {
    const { bytes } = line;
    if (bytes.at(-1) !== newline) return { sequence, end, isTorn: true };
    located(file, sequence.lineCount + 1, () => sequence.add(parse(bytes), bytes));
    end = line.end;
    onRead(end);
  }
  return { sequence, end, isTorn: false };
}

/** Yields the lines, beginning at a position. The header is at 0. */
export async function* linesFrom(file: string, position: number): AsyncGenerator<Line> {
  let number = 0;
  for await (const { bytes } of readLines(file)) {
    number++;
    if (number > position) yield located(file, number, () => parse(bytes));
  }
}

function parse(bytes: Buffer): Line {
  return parseLine(bytes.at(-1) === newline ? bytes.subarray(0, -1) : bytes);
}

/** Runs work. If it throws a LineError, the message gets the number of the line. */
function located<T>(file: string, number: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    throw new StartError(`${file}, line ${number}: ${error.message}`);
  }
}
