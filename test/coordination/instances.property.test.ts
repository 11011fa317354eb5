import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPostgres } from "../postgres.ts";
import { isNothingFree, send, shown, shownEntry, type Answer, type Result } from "./answers.ts";
import { keys, limits, plan, type Call, type Place, type Plan } from "./calls.ts";
import { openInstances, type Instance } from "./instance.ts";
import { Model } from "./model.ts";
import { resolve } from "./resolve.ts";

// The order is not known in advance, so nothing is predicted. The revisions of the responses give the order. In that
// order, the model runs the calls one after the other, and must reach the same results and the same log.

interface Done {
  readonly call: Call;
  readonly answer: Answer;
  readonly token: string | undefined;
  /** The latest revision that any response had when this call was sent. */
  readonly after: number;
}

type Successful = Done & { readonly answer: Answer & { readonly revision: number } };

const workersEach = 4;
const numRuns = Number(process.env.BATON_TEST_RUNS ?? 8);

let opened: Awaited<ReturnType<typeof openInstances>>;
let instances: readonly Instance[];
let users = 0;
beforeAll(async () => {
  opened = await openInstances(await createPostgres(), 3, limits);
  instances = opened.all;
});
afterAll(() => opened[Symbol.asyncDispose]());

/** The calls of concurrent workers: each worker sends one call after the other, to any instance. */
async function run(userId: string, plans: readonly (readonly Plan[])[]): Promise<Done[]> {
  const done: Done[] = [];
  const revisions = new Map<string, number>();
  const grants: (Place & { token: string })[] = [];
  const keyed: Call[] = [];
  let latest = 0;
  const known = {
    revisionAt: ({ namespace, key }: Place) => revisions.get(`${namespace} ${key}`) ?? 0,
    grants,
    keyed,
  };
  const perform = async (one: Plan, instance: Instance) => {
    const call = resolve(one, known);
    if (!call) return;
    if (call.idempotencyKey !== undefined && one.do !== "repeat") keyed.push(call);
    const after = latest;
    const { answer, token } = await send(instance.writer, userId, call);
    done.push({ call, answer, token, after });
    if (!("results" in answer)) return;
    latest = Math.max(latest, answer.revision);
    for (const result of answer.results) {
      if (typeof result !== "object") continue;
      if ("written" in result) {
        const { namespace, key, revision } = result.written;
        revisions.set(`${namespace} ${key}`, revision);
      }
      if ("claimed" in result && result.claimed && token) grants.push({ ...result.claimed, token });
    }
  };
  await Promise.all(
    plans.map(async (own, index) => {
      for (const [at, one] of own.entries()) {
        // A repeat usually goes to another instance than the original.
        const place = one.do === "repeat" ? index + at : index;
        await perform(one, instances[place % instances.length] as Instance);
      }
    }),
  );
  return done;
}

const isSuccessful = (one: Done): one is Successful => "results" in one.answer;

/** Whether the call left a change in the log. */
function isWritten(result: Result): boolean {
  if (typeof result !== "object") return false;
  if ("written" in result) return true;
  return "deleted" in result ? result.deleted : "cleared" in result && result.cleared > 0;
}

function resultsOf({ answer }: Successful): readonly Result[] {
  return (answer as { results: readonly Result[] }).results;
}

/** Of the calls with one idempotency key, one was applied, and the others returned its result. */
function firstOfEach(all: readonly Successful[]): Successful[] {
  const first = new Map<string, Successful>();
  return all.filter((one) => {
    const { idempotencyKey } = one.call;
    if (idempotencyKey === undefined || isNothingFree(resultsOf(one))) return true;
    const before = first.get(idempotencyKey);
    if (!before) {
      first.set(idempotencyKey, one);
      return true;
    }
    expect([one.call, one.answer, one.token]).toEqual([before.call, before.answer, before.token]);
    return false;
  });
}

async function check(userId: string, done: readonly Done[]): Promise<void> {
  const log = await (instances[0] as Instance).log(userId);
  expect(log.map(({ revision }) => Number(revision))).toEqual(log.map((_, at) => at + 1));
  const announced = instances.flatMap((instance) => instance.announced.get(userId) ?? []);
  expect(announced.toSorted((a, b) => Number(a.revision - b.revision))).toEqual(log);

  const successful = firstOfEach(done.filter(isSuccessful));
  // A repeat returned the result of an earlier call.
  for (const { call, answer, after } of successful) {
    if (call.idempotencyKey === undefined) expect(answer.revision).toBeGreaterThanOrEqual(after);
  }
  const ordered = successful.toSorted(
    (a, b) =>
      a.answer.revision - b.answer.revision ||
      Number(resultsOf(b).some(isWritten)) - Number(resultsOf(a).some(isWritten)),
  );
  const model = new Model();
  for (const one of ordered) {
    const { idempotencyKey: _, ...call } = one.call;
    // Claims leave nothing in the log that shows their order.
    if (["claim", "renew", "release", "fail"].includes(call.do)) continue;
    if (call.do === "complete") model.mark(call, { isHeld: true, token: call.token });
    expect([call, ...model.apply([call], [])]).toEqual([call, one.answer]);
  }
  expect(
    log.map(({ kind, namespace, key, agent, entry }) => ({
      kind,
      namespace,
      key,
      agent,
      entry: entry && shownEntry(entry),
    })),
  ).toEqual(
    model.log.map(({ kind, namespace, key, agent, entry }) => ({
      kind,
      namespace,
      key,
      agent,
      entry,
    })),
  );
  for (const instance of instances) {
    expect((await instance.entries(userId)).map(shownEntry)).toEqual(model.alive.map(shown));
  }
  for (const { answer } of done) {
    if ("currentRevision" in answer && answer.currentRevision) {
      expect(log[answer.currentRevision - 1]?.kind).toBe("SET");
    }
  }

  const granted = successful.flatMap((one) =>
    resultsOf(one).flatMap((result) =>
      typeof result === "object" && "claimed" in result && result.claimed
        ? [{ ...result.claimed, attempt: result.claim?.attempt, token: one.token }]
        : [],
    ),
  );
  expect(new Set(granted.map(({ token }) => token)).size).toBe(granted.length);
  const attempts = granted.map(({ createdRevision, attempt }) => `${createdRevision}/${attempt}`);
  expect(new Set(attempts).size).toBe(attempts.length);
  const completed = ordered.flatMap((one) => {
    const [result] = one.call.do === "complete" ? resultsOf(one) : [];
    return typeof result === "object" && "written" in result
      ? [result.written.createdRevision]
      : [];
  });
  expect(new Set(completed).size).toBe(completed.length);
}

/** Reopening and requeueing leave nothing in the log. Without them, each entry is completed once. */
const lasting = plan.filter((one) => {
  const operations =
    one.do === "write" ? [one.operation] : "operations" in one ? one.operations : [];
  return !operations.some((operation) => "reopen" in operation || "requeue" in operation);
});

const first: Plan[] = keys.map((key) => ({
  do: "write",
  agent: null,
  operation: { set: { namespace: "p:1", key, value: 1 } },
}));

test("G2 G6 G7: concurrent calls through three instances have the effects of sequential calls", async () => {
  const plans = fc.array(fc.array(lasting, { minLength: 8, maxLength: 16, size: "max" }), {
    minLength: 3 * workersEach,
    maxLength: 3 * workersEach,
  });
  await fc.assert(
    fc.asyncProperty(plans, async (several) => {
      const userId = `user-${++users}`;
      await check(userId, await run(userId, [first, ...several]));
    }),
    // A second run uses another user.
    { numRuns, endOnFailure: true },
  );
}, 3_600_000);
