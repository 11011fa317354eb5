import { badUserInput, limitExceeded, type BatonError } from "../../errors.ts";
import {
  writtenBytes,
  type Command,
  type CommandResult,
  type Operation,
  type OperationResult,
} from "./command.ts";
import { conflict, requireCondition, requireRevision, Unmet, type Asker } from "./conditions.ts";
import {
  decideClaim,
  decideComplete,
  decideRelease,
  decideRenew,
} from "../operations/decide-claim.ts";
import { decideWrite } from "../operations/decide-write.ts";
import type { Limits } from "../model/limits.ts";
import { compareText, matches } from "../model/text-match.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Decides one command on what was loaded, and does it there. Reads nothing but its arguments.
 * @throws BatonError when the command is refused; then it has no effect at all
 */
export function decide(limits: Limits, workspace: Workspace, command: Command): CommandResult {
  const { idempotency } = command;
  const answer = idempotency && workspace.answer(idempotency.key);
  if (answer) {
    if (answer.digest === idempotency.digest) return answer.result;
    throw badUserInput(
      "input.idempotencyKey",
      `${JSON.stringify(idempotency.key)} was used within the last 24 hours for another call, or by another agent. ` +
        "Nothing was changed. Use a new key for each call, and the same one only to repeat it.",
    );
  }
  try {
    return workspace.attempt(() => perform(limits, workspace, command));
  } catch (error) {
    throw error instanceof Unmet ? conflict(command, workspace, error) : error;
  }
}

function perform(limits: Limits, workspace: Workspace, command: Command): CommandResult {
  const { idempotency } = command;
  for (const condition of command.conditions) requireCondition(workspace, condition);
  let bytes = 0;
  const results = command.operations.map((operation) => {
    const result = decideOperation(limits, workspace, command, operation);
    bytes += writtenBytes(result);
    // A thousand small increments of one large value write it a thousand times.
    if (bytes > limits.maxResponseBytes) throw tooMuch(limits, operation);
    return result;
  });
  const result: CommandResult = { results, revision: workspace.head };
  if (idempotency && !results.some(isNothingFree)) {
    const { key: idempotencyKey, digest } = idempotency;
    workspace.remember({ idempotencyKey, digest, at: workspace.now, result });
  }
  return result;
}

/**
 * Workers without work ask all the time: each answer would be a row and a commit. A repeat that comes late may so claim
 * what nobody waits for any more; its lease ends.
 */
function isNothingFree(result: OperationResult): boolean {
  return result.kind === "claimed" && result.claim === null;
}

function tooMuch({ maxResponseBytes }: Limits, { argument }: Operation): BatonError {
  return limitExceeded(
    "maxResponseBytes",
    maxResponseBytes,
    `The entries that one call writes, each as often as it is written, may have ${maxResponseBytes} bytes together. Split the call.`,
    argument,
  );
}

function decideOperation(
  limits: Limits,
  workspace: Workspace,
  asker: Asker,
  operation: Operation,
): OperationResult {
  switch (operation.kind) {
    case "set":
    case "increment":
    case "patch":
    case "append":
      return decideWrite(limits, workspace, asker, operation);
    case "delete":
      return decideDelete(workspace, asker, operation);
    case "clear":
      return decideClear(limits, workspace, asker, operation);
    case "claim":
      return decideClaim(workspace, operation);
    case "complete":
      return decideComplete(limits, workspace, asker, operation);
    case "renew":
      return decideRenew(workspace, operation);
    case "release":
      return decideRelease(workspace, operation);
  }
}

function decideDelete(
  workspace: Workspace,
  asker: Asker,
  operation: Operation & { kind: "delete" },
): OperationResult {
  const current = workspace.entry(operation);
  requireRevision(workspace, operation);
  if (!current) return { kind: "deleted", deleted: false };
  workspace.remove("DELETED", current, asker.agent);
  return { kind: "deleted", deleted: true };
}

function decideClear(
  limits: Limits,
  workspace: Workspace,
  asker: Asker,
  operation: Operation & { kind: "clear" },
): OperationResult {
  const counts = [...workspace.entryCounts].filter(
    ([name, count]) => count > 0 && operation.namespaces.some((match) => matches(match, name)),
  );
  const namespaces = counts.map(([name]) => name).sort(compareText);
  if (namespaces.length > limits.maxClearedNamespaces) {
    throw limitExceeded(
      "maxClearedNamespaces",
      limits.maxClearedNamespaces,
      `One call may clear ${limits.maxClearedNamespaces} namespaces; this prefix has ${namespaces.length}. Clear longer prefixes one after the other.`,
      operation.argument,
    );
  }
  for (const namespace of namespaces) workspace.clear(namespace, asker.agent);
  const clearedCount = counts.reduce((sum, [, count]) => sum + count, 0);
  return { kind: "cleared", clearedCount, namespaces };
}
