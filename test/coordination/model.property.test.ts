import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sweep } from "../../src/store/commit/sweep.ts";
import { everything, exact } from "../../src/store/model/text-match.ts";
import { plainDatabases } from "../databases.ts";
import { expectNamespaceRows, expectNamespacesOf } from "../namespace-rows.ts";
import type { OwnDatabase } from "../own-database.ts";
import { canonical, send, shown, shownEntry, type Answer } from "./answers.ts";
import { keys, limits, namespaces, plan, type Call, type Place, type Plan } from "./calls.ts";
import { openInstances, type Instance } from "./instance.ts";
import { Model, type ModelChange } from "./model.ts";
import { resolve } from "./resolve.ts";

type Step =
  | { do: "calls"; plans: Plan[] }
  /** An entry expires, by changing the stored expiry. The index is taken modulo the number of entries. */
  | { do: "expire"; entry: number }
  | { do: "end lease"; grant: number }
  /** The delay of an entry ends. The index is taken modulo the number of delayed entries. */
  | { do: "end delay"; entry: number }
  | { do: "sweep" }
  | { do: "age answers" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("calls" as const),
      plans: fc.array(plan, { minLength: 1, maxLength: 6, size: "max" }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("expire" as const), entry: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end lease" as const), grant: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end delay" as const), entry: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constant({ do: "sweep" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "age answers" as const }) },
);

/** The initial entries. */
const begin: fc.Arbitrary<Step> = fc
  .array(
    fc.record({ key: fc.constantFrom(...keys), value: fc.constantFrom<unknown>(1, [1], { a: 1 }) }),
    { minLength: 2, maxLength: 8, size: "max" },
  )
  .map((entries) => ({
    do: "calls",
    plans: entries.map((entry, index) => ({
      do: "write",
      agent: null,
      operation: { set: { namespace: index < 5 ? "p:1" : index < 7 ? "p:2" : "q", ...entry } },
    })),
  }));
const steps = fc
  .tuple(begin, fc.array(step, { maxLength: 20, size: "max" }))
  .map(([first, others]) => [first, ...others]);

const at = (key: string) => ({ namespace: "p:1", key });
const set = (key: string, value: unknown) => ({ set: { ...at(key), value } });
const write = (operation: (Plan & { do: "write" })["operation"]): Plan => ({
  do: "write",
  agent: null,
  operation,
});

const claim = (maxAttempts?: number): Plan => ({
  do: "claim",
  agent: null,
  namespace: "p:1",
  keyPrefix: "",
  maxAttempts,
});
const fail = (error: string, delaySeconds: number): Plan => ({
  do: "fail",
  agent: null,
  grant: 0,
  error,
  delaySeconds,
  retry: true,
});

/** Cases that random steps rarely reach. */
const rare: Step[][] = [
  // Two writes to an entry are undone in the opposite order, and the error shows the state after that.
  [
    { do: "calls", plans: [write(set("a", 1))] },
    {
      do: "calls",
      plans: [
        {
          do: "transact",
          agent: null,
          conditions: [],
          operations: [set("a", 2), set("a", 3), { delete: { ...at("a"), ifRevision: "other" } }],
        },
        write({ increment: { ...at("a"), by: 1, path: "" } }),
      ],
    },
  ],
  // A repeat leaves an expired entry unchanged.
  [
    { do: "calls", plans: [write(set("a", 1)), write(set("a", 1))] },
    { do: "calls", plans: [claim()] },
    {
      do: "calls",
      plans: [
        {
          do: "complete",
          agent: null,
          grant: 0,
          conditions: [],
          operations: [],
          idempotencyKey: "once",
        },
      ],
    },
    { do: "expire", entry: 0 },
    { do: "calls", plans: [{ do: "repeat", of: 0, agent: "same" }, claim()] },
  ],
  // The first free entry is removed before the claim that shares its transaction.
  [
    { do: "calls", plans: [write(set("a", 1)), write(set("ab", 1))] },
    {
      do: "calls",
      plans: [write({ delete: at("a") }), claim()],
    },
  ],
  // The fourth claim does not fit into the transaction, so the expired entry is removed after the first three.
  [
    { do: "calls", plans: [write(set("a", 1)), write(set("a", 1))] },
    { do: "expire", entry: 0 },
    { do: "calls", plans: [...Array.from({ length: 4 }, () => claim()), write(set("a", 2))] },
  ],
  // The clear of several namespaces is in another transaction, so the expired entry is removed after the claim.
  [
    { do: "calls", plans: [write(set("b", 1)), write(set("a", 1))] },
    { do: "expire", entry: 1 },
    {
      do: "calls",
      plans: [
        claim(),
        { do: "clear all", agent: null, namespacePrefix: "" },
        write({ reopen: at("b") }),
      ],
    },
  ],
  // Two exhausted entries are before the granted one. One of them is requeued, and its attempts start again.
  [
    { do: "calls", plans: [write(set("a", 1)), write(set("ab", 1)), write(set("b", 1))] },
    { do: "calls", plans: [claim(), claim()] },
    { do: "end lease", grant: 0 },
    { do: "end lease", grant: 1 },
    { do: "calls", plans: [claim(1)] },
    { do: "calls", plans: [write({ requeue: at("ab") }), claim(1), claim()] },
  ],
  // A failed entry is delayed, and dead-lettered after its last allowed attempt.
  [
    { do: "calls", plans: [write(set("a", 1)), claim(2)] },
    { do: "calls", plans: [fail("first", 600), claim()] },
    { do: "end delay", entry: 0 },
    { do: "calls", plans: [claim()] },
    { do: "calls", plans: [fail("second", 0), claim()] },
    { do: "calls", plans: [write({ requeue: at("a") }), claim()] },
  ],
  // An entry that is completed and set again can be claimed after it is reopened.
  [
    { do: "calls", plans: [write(set("a", 1)), claim()] },
    {
      do: "calls",
      plans: [
        { do: "complete", agent: null, grant: 0, conditions: [], operations: [], value: 2 },
        write(set("a", 3)),
        claim(),
        write({ reopen: at("a") }),
        claim(),
      ],
    },
  ],
];

/** Claims all entries that can be claimed, and lists which are free, held or completed, and their attempts. */
const drain: Plan[] = namespaces.flatMap((namespace) =>
  Array.from({ length: 6 }, (): Plan => ({ do: "claim", agent: null, namespace, keyPrefix: "" })),
);

describe.each(plainDatabases)("commands on $name, against a model of them", (kind) => {
  const numRuns = Number(process.env.BATON_TEST_RUNS ?? (kind.name === "SQLite" ? 60 : 12));
  let opened: Awaited<ReturnType<typeof openInstances>>;
  let own: OwnDatabase;
  let instance: Instance;
  let users = 0;
  beforeAll(async () => {
    opened = await openInstances(await kind.create(), 1, limits);
    ({
      own,
      all: [instance],
    } = opened as typeof opened & { readonly all: readonly [Instance] });
  });
  afterAll(() => opened[Symbol.asyncDispose]());

  const past = kind.name === "SQLite" ? "1000" : "'2020-01-01'";

  async function play(steps: readonly Step[]): Promise<void> {
    const userId = `user-${++users}`;
    const model = new Model();
    const keyed: Call[] = [];
    const tokens = new Set<string>();
    const received: Answer[] = [];
    const expected: Answer[] = [];
    const known = {
      revisionAt: (place: Place) => model.get(place)?.revision ?? 0,
      grants: model.grants,
      keyed,
    };

    const expectSame = async () => {
      expect(received).toEqual(expected);
      const log = await instance.log(userId);
      expect(log.map(({ revision }) => Number(revision))).toEqual(log.map((_, at) => at + 1));
      expect(
        inOrder(
          log.map(({ kind: what, namespace, key, agent, entry }) => ({
            kind: what,
            namespace,
            key,
            agent,
            entry: entry && shownEntry(entry),
          })),
        ),
      ).toEqual(
        inOrder(
          model.log.map(({ kind: what, namespace, key, agent, entry }) => ({
            kind: what,
            namespace,
            key,
            agent,
            entry,
          })),
        ),
      );
      model.log.forEach(({ lifetime }, at) => {
        const expiresAt = log[at]?.entry?.expiresAt?.getTime();
        const from = log[Number(lifetime?.from) - 1]?.at.getTime();
        expect(expiresAt).toBe(lifetime ? Number(from) + lifetime.seconds * 1_000 : undefined);
      });
      expect(instance.announced.get(userId) ?? []).toEqual(log);
      const entries = await instance.entries(userId);
      expect(entries.map(shownEntry)).toEqual(model.alive.map(shown));
      // The stored entries equal the log, in every column.
      const setIn = (revision: bigint) => log[Number(revision) - 1]?.entry;
      for (const entry of entries) expect(entry).toEqual(setIn(entry.revision));
      expect(await deadLettersOf(userId)).toEqual(
        model.alive
          .filter(({ isDeadLettered }) => isDeadLettered)
          .map((entry) => ({
            ...shown(entry),
            attempt: entry.attempt,
            error: canonical(entry.error),
          })),
      );
      await expectNamespaceRows(own);
      await expectNamespacesOf(instance.database, userId, entries);
      expect(await instance.database.readUsage(userId, [everything])).toEqual({
        namespaceCount: new Set(model.alive.map(({ namespace }) => namespace)).size,
        entryCount: model.alive.length,
        sizeBytes: model.alive.reduce((sum, entry) => sum + shown(entry).sizeBytes, 0),
      });
    };

    const deadLettersOf = async (user: string) => {
      const pages = namespaces.map((namespace) =>
        instance.database.readStoredEntries(
          {
            userId: user,
            selection: { namespaces: [exact(namespace)], keys: everything },
            onlyKeys: null,
            onlyDeadLettered: true,
            after: null,
          },
          { maxItems: 100, maxBytes: 10 ** 6 },
        ),
      );
      return (await Promise.all(pages)).flatMap(({ items }) =>
        items.map((entry) => ({
          ...shownEntry(entry),
          attempt: entry.claimAttempt,
          error: canonical(JSON.parse(entry.claimError ?? "null")),
        })),
      );
    };
    const update = (table: string, column: string, where: string) =>
      own.execute(
        `UPDATE "${table}" SET "${column}" = ${past} WHERE "userId" = '${userId}' AND ${where}`,
      );
    const at = ({ namespace, key }: Place) => `"namespace" = '${namespace}' AND "key" = '${key}'`;

    const perform = async (done: Step): Promise<void> => {
      switch (done.do) {
        case "calls": {
          const calls: Call[] = [];
          for (const one of done.plans) {
            const call = resolve(one, known);
            if (call) calls.push(call);
            if (call?.idempotencyKey !== undefined) keyed.push(call);
          }
          const sent = await Promise.all(calls.map((call) => send(instance.writer, userId, call)));
          received.push(...sent.map(({ answer }) => answer));
          const before = model.grants.length;
          expected.push(
            ...model.apply(
              calls,
              sent.map(({ token }) => token),
            ),
          );
          for (const { token } of model.grants.slice(before)) {
            expect(tokens).not.toContain(token);
            tokens.add(token);
          }
          return;
        }
        case "expire": {
          const entry = model.alive[done.entry % Math.max(1, model.alive.length)];
          if (!entry) return;
          model.mark(entry, { isOver: true });
          return update("Entry", "expiresAt", at(entry));
        }
        case "end lease": {
          const grant = model.grants.at(-1 - done.grant);
          if (!grant || model.get(grant)?.token !== grant.token) return;
          model.mark(grant, { isHeld: false });
          return update("Entry", "claimExpiresAt", at(grant));
        }
        case "end delay": {
          const delayed = model.alive.filter(({ isHeld, token }) => isHeld && token === null);
          const entry = delayed[done.entry % Math.max(1, delayed.length)];
          if (!entry) return;
          model.mark(entry, { isHeld: false });
          return update("Entry", "claimExpiresAt", at(entry));
        }
        case "sweep": {
          // As if two instances removed it: each expiry is one change.
          const both = [instance, instance].map(({ database, committer }) =>
            sweep(database, committer),
          );
          await Promise.all(both);
          return model.sweep();
        }
        case "age answers":
          model.answers.clear();
          return update("Answer", "at", "1 = 1");
      }
    };

    for (const done of steps) await perform(done);
    await expectSame();
    await perform({ do: "sweep" });
    await perform({ do: "calls", plans: drain });
    await expectSame();
  }

  test("G2 G6 G7 G8: every result, the state, the log and the published changes equal the model's", async () => {
    await fc.assert(fc.asyncProperty(steps, play), {
      numRuns,
      examples: rare.map((example): [Step[]] => [example]),
    });
  }, 3_600_000);
});

/** Entries that expire together have no order. */
function inOrder<T extends Pick<ModelChange, "kind" | "namespace" | "key">>(
  log: readonly T[],
): T[] {
  const runOf = new Map<T, number>();
  let run = 0;
  log.forEach((change, at) => {
    if (change.kind !== "EXPIRED" || log[at - 1]?.kind !== "EXPIRED") run++;
    runOf.set(change, run);
  });
  const textOf = ({ namespace, key }: T) => `${namespace} ${key}`;
  return [...log].sort((a, b) => {
    const difference = (runOf.get(a) as number) - (runOf.get(b) as number);
    return difference || (textOf(a) < textOf(b) ? -1 : 1);
  });
}
