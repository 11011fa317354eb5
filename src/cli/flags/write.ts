import { InvalidArgumentError, type Command } from "commander";
import type { ConditionalWriteOptions } from "../../client/index.ts";
import { isJsonObject, parseJson } from "../terminal/input.ts";
import { usageError } from "../terminal/usage-error.ts";
import { parseDuration, parseDurationOrZero, unitMs } from "./duration.ts";

/** The flags of a write. */
export interface WriteFlags {
  readonly metadata?: Record<string, unknown>;
  /** In milliseconds. */
  readonly ttl?: number;
  readonly ifRevision?: string;
}

/** Adds `--metadata`, and `--ttl` of a write that replaces the expiry. */
export function addReplacingFlags(command: Command): Command {
  return addMetadata(command).option(
    "--ttl <duration>",
    "time until the entry expires: 30d, 12h, 15m or 90s",
    (text) => checkTtl(parseDuration(text)),
  );
}

/** Adds `--metadata`, and `--ttl` of a write that keeps the expiry. */
export function addChangingFlags(command: Command): Command {
  return addMetadata(command).option(
    "--ttl <duration>",
    "time until the entry expires: 30d, 12h, 15m or 90s; 0 removes the expiry (default: unchanged)",
    (text) => checkTtl(parseDurationOrZero(text)),
  );
}

/** The options of a write for the client. */
export function writeOptionsOf({ metadata, ttl, ifRevision }: WriteFlags): ConditionalWriteOptions {
  return { metadata, ifRevision, ttlSeconds: ttl === undefined ? undefined : ttl / 1_000 };
}

function addMetadata(command: Command): Command {
  return command.option("--metadata <json>", "an object to merge into the metadata", parseMetadata);
}

/** The API accepts seconds as a signed 32-bit integer. */
const maxTtlMs = (2 ** 31 - 1) * 1_000;

function checkTtl(ttlMs: number): number {
  if (ttlMs <= maxTtlMs) return ttlMs;
  const most = Math.floor(maxTtlMs / unitMs.d);
  throw new InvalidArgumentError(
    `It must be at most ${most}d. For an entry that never expires, omit the option.`,
  );
}

function parseMetadata(text: string): Record<string, unknown> {
  const metadata = parseJson("--metadata", text);
  // The client accepts any object, and its codec writes this one as its original text.
  if (isJsonObject(metadata)) return metadata as object as Record<string, unknown>;
  throw usageError("--metadata must be an object.");
}
