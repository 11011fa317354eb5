import { createReadStream } from "node:fs";
import { StartError } from "../start-error.ts";
import { LineFault, type Line } from "./line.ts";
import { parseLine } from "./parse-line.ts";
import { Sequence } from "./sequence.ts";

const newline = 0x0a;
const chunkBytes = 256 * 1024;
/** A longer one does not fit in a text. */
const maxLineBytes = 2 ** 29 - 100;

/** A line of a file. */
export interface FileLine {
  /** Without its end. */
  readonly bytes: Buffer;
  /** Where in the file it ends. */
  readonly end: number;
  /** Without an end it is torn, and the last. */
  readonly hasEnd: boolean;
}

export async function* readLines(file: string): AsyncGenerator<FileLine> {
  let torn: Buffer[] = [];
  let tornBytes = 0;
  let end = 0;
  try {
    const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: chunkBytes });
    for await (const chunk of chunks) {
      let from = 0;
      for (let at: number; (at = chunk.indexOf(newline, from)) !== -1; from = at + 1) {
        const part = chunk.subarray(from, at);
        const bytes = torn.length > 0 ? Buffer.concat([...torn, part]) : part;
        torn = [];
        tornBytes = 0;
        end += bytes.length + 1;
        yield { bytes, end, hasEnd: true };
      }
      if (from < chunk.length) torn.push(chunk.subarray(from));
      tornBytes += chunk.length - from;
      if (tornBytes > maxLineBytes) {
        throw new StartError(
          `${file}: A line of more than ${maxLineBytes} bytes is not of an export.`,
        );
      }
    }
  } catch (error) {
    const fault = error as NodeJS.ErrnoException;
    throw fault.code === undefined ? fault : unreadable(file, fault);
  }
  const bytes = Buffer.concat(torn);
  if (bytes.length > 0) yield { bytes, end: end + bytes.length, hasEnd: false };
}

/** The error of a file that can't be read. */
export function unreadable(file: string, { message }: Error): StartError {
  return new StartError(`${file} can't be read: ${message}`);
}

/** What is known of a file after its lines were read. */
export interface ReadExport {
  readonly sequence: Sequence;
  /** Where its last whole line ends. */
  readonly end: number;
  /** Whether it ends within a line. */
  readonly isTorn: boolean;
}

/**
 * Reads and checks every line.
 * @param onRead told how many bytes were read
 * @throws StartError with the number of the line that is wrong
 */
export async function readExport(
  file: string,
  onRead: (bytes: number) => void,
): Promise<ReadExport> {
  const sequence = new Sequence();
  let end = 0;
  for await (const line of readLines(file)) {
    if (!line.hasEnd) return { sequence, end, isTorn: true };
    const { bytes } = line;
    const number = sequence.lineCount + 1;
    parsed(file, number, () => {
      const withEnd = Buffer.allocUnsafe(bytes.length + 1);
      bytes.copy(withEnd);
      withEnd[bytes.length] = newline;
      sequence.add(parseLine(bytes), withEnd);
    });
    end = line.end;
    onRead(end);
  }
  return { sequence, end, isTorn: false };
}

/** The lines from a position on, the header being at 0. */
export async function* linesFrom(file: string, position: number): AsyncGenerator<Line> {
  let number = 0;
  for await (const { bytes } of readLines(file)) {
    number++;
    if (number > position) yield parsed(file, number, () => parseLine(bytes));
  }
}

function parsed<T>(file: string, number: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    throw new StartError(`${file}, line ${number}: ${error.message}`);
  }
}
