// The files of a folder, and their stored form.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import type { FileMetadata, StoredFile } from "./repository.ts";

/**
 * Lists the paths of a folder's files, with forward slashes: those that git tracks or, outside of a git checkout, all
 * files except installed packages.
 */
export async function listFiles(folder: string): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", folder, "ls-files", "-z"], {
      maxBuffer: 2 ** 30,
    });
    // A conflict lists a file several times.
    return [...new Set(stdout.split("\0").filter((path) => path !== ""))];
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    const [reason] = (stderr || message).trim().split("\n");
    console.error(`git does not list the files (${reason}): all files in the folder are used`);
    return walk(folder);
  }
}

async function walk(root: string, folder = root): Promise<string[]> {
  const paths: string[] = [];
  for (const item of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isFile()) paths.push(relative(root, path).replaceAll(sep, "/"));
    const isWanted = item.name !== "node_modules" && item.name !== ".git";
    if (item.isDirectory() && isWanted) paths.push(...(await walk(root, path)));
  }
  return paths;
}

/**
 * Reads a file into its stored form: its text as the value, and its hash and size as metadata, which can be listed
 * without the text. Null if it is not a regular file: deleted but still tracked, a symbolic link, a submodule.
 */
export async function readStoredFile(
  folder: string,
  path: string,
  maxValueBytes: number,
): Promise<{ value: StoredFile; metadata: FileMetadata } | null> {
  const file = join(folder, path);
  const status = await lstat(file).catch(() => null);
  if (!status?.isFile()) return null;
  const content = await readFile(file);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { value: valueOf(content, maxValueBytes), metadata: { sha256, bytes: content.length } };
}

function valueOf(content: Buffer, maxValueBytes: number): StoredFile {
  const text = decode(content);
  if (text === null) return { skipped: "binary" };
  return bytesOf({ text }) <= maxValueBytes ? { text } : { skipped: "too large" };
}

function decode(content: Buffer): string | null {
  if (content.includes(0)) return null;
  try {
    // The exact content of the file, including a byte order mark.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return null;
  }
}

/** The number of bytes of a value as JSON. */
export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
