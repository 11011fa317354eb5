import fc from "fast-check";
import { defaultConfig } from "../../src/config.ts";

// The calls that callers can make, as plain data: it can be printed, and shrinks to the shortest failing case.

export interface Place {
  readonly namespace: string;
  readonly key: string;
}

interface WriteInput<Revision> extends Place {
  readonly metadata?: Record<string, unknown>;
  readonly ttlSeconds?: number;
  readonly ifRevision?: Revision;
}

export type Operation<Revision = bigint> =
  | { readonly set: WriteInput<Revision> & { readonly value: unknown } }
  | { readonly increment: WriteInput<Revision> & { readonly by: number; readonly path: string } }
  | { readonly patch: WriteInput<Revision> & { readonly patch: unknown } }
  | {
      readonly append: WriteInput<Revision> & {
        readonly value: unknown;
        readonly maxLength?: number;
      };
    }
  | { readonly delete: Place & { readonly ifRevision?: Revision } }
  | { readonly clear: { readonly namespace: string } }
  | { readonly reopen: Place }
  | { readonly requeue: Place };

export type Condition<Revision = bigint> = Place &
  ({ readonly revision: Revision } | { readonly exists: boolean });

interface Several<Revision> {
  readonly conditions: readonly Condition<Revision>[];
  readonly operations: readonly Operation<Revision>[];
}

type Result = Pick<WriteInput<never>, "metadata" | "ttlSeconds"> & { readonly value?: unknown };

/** @typeParam Held identifies a claim */
type Asked<Revision, Held> = { readonly agent: string | null; readonly idempotencyKey?: string } & (
  | { readonly do: "write"; readonly operation: Operation<Revision> }
  | { readonly do: "clear all"; readonly namespacePrefix: string }
  | ({ readonly do: "transact" } & Several<Revision>)
  | {
      readonly do: "claim";
      readonly namespace: string;
      readonly keyPrefix: string;
      readonly maxAttempts?: number | undefined;
    }
  | ({ readonly do: "complete" } & Result & Several<Revision> & Held)
  | ({ readonly do: "renew" } & Held)
  | ({ readonly do: "release"; readonly delaySeconds: number } & Held)
  | ({
      readonly do: "fail";
      readonly error?: unknown;
      readonly delaySeconds: number;
      readonly retry: boolean;
    } & Held)
);

/** A call as it is sent. */
export type Call = Asked<bigint, Place & { readonly token: string }>;

/** The current revision of this place when the call is sent, or another one. */
export type Relative = "current" | "other";

/** A call as it is generated, before the state is known. */
export type Plan =
  | Asked<Relative, { /** Counts back from the latest. */ readonly grant: number }>
  /** A repeat of an earlier call, counted back from the latest with an idempotency key. */
  | { readonly do: "repeat"; readonly of: number; readonly agent: string | null | "same" };

/** Small enough that values and metadata can grow past them, but large enough for the input of each call. */
export const limits = {
  ...defaultConfig(),
  maxValueBytes: 45,
  maxMetadataBytes: 40,
  maxClearedNamespaces: 2,
};

export const leaseSeconds = 600;
export const namespaces = ["p:1", "p:2", "q"];
/** Many calls use the same one. */
const namespace = fc.constantFrom("p:1", "p:1", "p:1", "p:1", "p:2", "q");
/** The last two have another order in UTF-16. */
export const keys = ["a", "ab", "b", "\uFFFF", "😀"];
const place = { namespace, key: fc.constantFrom("a", "a", "a", ...keys) };
const relative = fc.constantFrom<Relative>("current", "current", "current", "other");

const value = fc.constantFrom<unknown>(
  1,
  [],
  [1, 2],
  { a: 1 },
  { a: { b: 2 }, c: [0] },
  null,
  "a text of some length to grow with",
);
const patch = fc.constantFrom<unknown>(
  { a: 2 },
  { a: null },
  { a: { b: null, d: 1 } },
  { c: "a text of some length to grow with" },
  JSON.parse('{ "__proto__": { "a": 1 } }'),
  [1],
);
const metadata = fc.constantFrom({ a: 1 }, { b: "0123456789" }, { c: "0123456789" });
const result = { metadata, ttlSeconds: fc.constantFrom(600, 0) };
const more = { ...result, ifRevision: relative };

type Fields = { readonly [name: string]: fc.Arbitrary<unknown> };

/** An object with all of the first fields, and sometimes some of the second. */
function fields(always: Fields, sometimes: Fields) {
  const few = fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.record(sometimes, { requiredKeys: [] }) },
  );
  return fc.tuple(fc.record(always), few).map(([all, some]) => ({ ...all, ...some }));
}

const path = fc.constantFrom("", "", "/a", "/a/b", "/c/0", "/__proto__/a");
const by = fc.constantFrom(1, -2, 0.5, 1.5e308);
const item = fc.constantFrom<unknown>(0, 1, [2], "a text of some length to grow with");
/** Undefined: all. */
const maxLength = fc.constantFrom(undefined, 1, 2, 3);

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ set: fields({ ...place, value }, more) }) },
  { weight: 4, arbitrary: fc.record({ increment: fields({ ...place, by, path }, more) }) },
  { weight: 4, arbitrary: fc.record({ patch: fields({ ...place, patch }, more) }) },
  {
    weight: 4,
    arbitrary: fc.record({ append: fields({ ...place, value: item, maxLength }, more) }),
  },
  { weight: 4, arbitrary: fc.record({ delete: fields(place, { ifRevision: relative }) }) },
  { weight: 1, arbitrary: fc.record({ clear: fc.record({ namespace }) }) },
  { weight: 1, arbitrary: fc.record({ reopen: fc.record(place) }) },
  { weight: 2, arbitrary: fc.record({ requeue: fc.record(place) }) },
);

const condition = fc.oneof(
  fc.record({ ...place, revision: relative }),
  fc.record({ ...place, exists: fc.constantFrom(true, true, false) }),
);
const conditions = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(condition, { maxLength: 2 }) },
);
const several = { conditions, operations: fc.array(operation, { maxLength: 3, size: "max" }) };
const idempotencyKey = fc.constantFrom("once", "again", "third", "fourth");
/** Usually a recent claim, which can still be held. */
const held = { grant: fc.constantFrom(0, 0, 1, 2, 5) };

/** Ends immediately, or not while a test runs. */
const delaySeconds = fc.constantFrom(0, 0, 600);

function planned(kind: Call["do"], of: Fields, sometimes: Fields = {}) {
  return fields(
    { do: fc.constant(kind), agent: fc.constantFrom(null, "ann", "bob"), ...of },
    { idempotencyKey, ...sometimes },
  );
}

/** Keeps the effects of a command in the log, or none of them. */
export const writing = fc.oneof(
  { weight: 14, arbitrary: planned("write", { operation }) },
  { weight: 6, arbitrary: planned("transact", several) },
  {
    weight: 1,
    arbitrary: planned("clear all", { namespacePrefix: fc.constantFrom("p:", "p:2", "q", "") }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("repeat"),
      of: fc.integer({ min: 0, max: 2 }),
      agent: fc.constantFrom("same", "same", "eve"),
    }),
  },
) as fc.Arbitrary<Plan>;

export const plan = fc.oneof(
  { weight: 10, arbitrary: writing },
  {
    weight: 4,
    arbitrary: planned("claim", {
      namespace,
      keyPrefix: fc.constantFrom("", "", "a"),
      maxAttempts: fc.constantFrom(undefined, undefined, 1, 2),
    }),
  },
  { weight: 4, arbitrary: planned("complete", { ...held, ...several }, { value, ...result }) },
  { weight: 1, arbitrary: planned("renew", held) },
  { weight: 2, arbitrary: planned("release", { ...held, delaySeconds }) },
  {
    weight: 2,
    arbitrary: planned(
      "fail",
      { ...held, delaySeconds, retry: fc.constantFrom(true, true, false) },
      { error: fc.constantFrom<unknown>("why", { a: [1] }, null) },
    ),
  },
) as fc.Arbitrary<Plan>;

/** The places that a call names. A claim and a clear name none. */
export function placesOf(call: Call): Place[] {
  const ofOperation = (operation: Operation) =>
    "clear" in operation ? [] : (Object.values(operation) as Place[]);
  switch (call.do) {
    case "write":
      return ofOperation(call.operation);
    case "transact":
      return [...call.conditions, ...call.operations.flatMap(ofOperation)];
    case "complete":
      return [call, ...call.conditions, ...call.operations.flatMap(ofOperation)];
    case "renew":
    case "release":
    case "fail":
      return [call];
    default:
      return [];
  }
}
