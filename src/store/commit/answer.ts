import { createHash } from "node:crypto";
import type { CommandResult } from "./command.ts";

/** What a mutation with an idempotency key came to, as it is kept. */
export interface StoredAnswer {
  readonly idempotencyKey: string;
  readonly digest: string;
  readonly at: Date;
  /** Serialised by `serialiseResult`. */
  readonly results: string;
}

/** How long a repeat of a mutation is answered as the first was. */
export const answerAgeMs = 24 * 3_600_000;

// JSON has neither 64-bit numbers nor instants: their members are known by name.
const revisions = new Set(["revision", "createdRevision"]);
const instants = new Set(["createdAt", "updatedAt", "expiresAt"]);

export function serialiseResult(result: CommandResult): string {
  return JSON.stringify(result, withoutBigints);
}

export function parseResult(text: string): CommandResult {
  // Values and metadata are strings here, so that nothing of a caller's is a member.
  return JSON.parse(text, (name, value: unknown) => {
    if (typeof value !== "string") return value;
    if (revisions.has(name)) return BigInt(value);
    return instants.has(name) ? new Date(value) : value;
  }) as CommandResult;
}

/** Tells one call from another: what was asked, and who asked, as far as that makes a difference. */
export function digestOf(call: unknown): string {
  return createHash("sha256").update(JSON.stringify(call, withoutBigints)).digest("hex");
}

function withoutBigints(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
