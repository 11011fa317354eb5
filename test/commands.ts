import { commandOf, type Command } from "../src/store/commit/command.ts";
import type { Place } from "../src/store/model/place.ts";
import { exact, prefixed } from "../src/store/model/text-match.ts";

// Commands of an agent without a name, for tests below the API.

const callerOf = (userId: string) => ({ userId, agent: null, mayRead: true });

/** @param value JSON text */
export function setCommand(
  userId: string,
  place: Place,
  value = "1",
  ttlSeconds: number | null = null,
): Command {
  return setsCommand(userId, place, [value], ttlSeconds);
}

/**
 * Sets an entry several times, in one commit.
 * @param values JSON texts
 */
export function setsCommand(
  userId: string,
  { namespace, key }: Place,
  values: readonly string[],
  ttlSeconds: number | null = null,
): Command {
  return commandOf(
    callerOf(userId),
    values.map((value) => ({
      kind: "set",
      argument: "input",
      namespace,
      key,
      value,
      metadata: null,
      ttlSeconds,
      ifRevision: null,
    })),
  );
}

/** @param patch JSON text */
export function patchCommand(userId: string, { namespace, key }: Place, patch: string): Command {
  return commandOf(callerOf(userId), [
    {
      kind: "patch",
      argument: "input",
      namespace,
      key,
      patch,
      metadata: null,
      ttlSeconds: null,
      ifRevision: null,
    },
  ]);
}

/** Adds 1 to the member `n` of the value. */
export function incrementCommand(userId: string, { namespace, key }: Place): Command {
  return commandOf(callerOf(userId), [
    {
      kind: "increment",
      argument: "input",
      namespace,
      key,
      path: ["n"],
      by: 1,
      metadata: null,
      ttlSeconds: null,
      ifRevision: null,
    },
  ]);
}

export function deleteCommand(userId: string, { namespace, key }: Place): Command {
  return commandOf(callerOf(userId), [
    { kind: "delete", argument: "input", namespace, key, ifRevision: null },
  ]);
}

/** Clears the namespaces with a prefix. */
export function clearManyCommand(userId: string, namespacePrefix: string): Command {
  return commandOf(callerOf(userId), [
    { kind: "clear", argument: "input", namespaces: [prefixed(namespacePrefix)] },
  ]);
}

/** Claims the first free entry of a namespace, for an hour. */
export function claimCommand(userId: string, namespace: string, keyPrefix = ""): Command {
  return commandOf(callerOf(userId), [
    {
      kind: "claim",
      argument: "input",
      namespace,
      keys: prefixed(keyPrefix),
      leaseSeconds: 3_600,
      maxAttempts: null,
      token: "token",
    },
  ]);
}

export function clearCommand(userId: string, namespace: string): Command {
  return commandOf(callerOf(userId), [
    { kind: "clear", argument: "input", namespaces: [exact(namespace)] },
  ]);
}
