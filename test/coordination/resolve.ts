import type { Call, Condition, Operation, Place, Plan, Relative } from "./calls.ts";

/** The state that a plan refers to. */
export interface Known {
  /** 0 if the entry does not exist. */
  revisionAt(place: Place): number;
  /** The latest is the last. */
  readonly grants: readonly (Place & { readonly token: string })[];
  /** The calls so far that had an idempotency key. */
  readonly keyed: readonly Call[];
}

const noGrant = { namespace: "q", key: "a", token: "none" };

/** Makes a call from a plan; null if there is no call to repeat. */
export function resolve(plan: Plan, known: Known): Call | null {
  const { grants, keyed } = known;
  switch (plan.do) {
    case "repeat": {
      const call = keyed.at(-1 - plan.of);
      if (!call) return null;
      return plan.agent === "same" ? call : { ...call, agent: plan.agent };
    }
    case "write":
      return { ...plan, operation: operationOf(plan.operation, known) };
    case "transact":
      return { ...plan, ...severalOf(plan, known) };
    case "complete": {
      const { grant, ...rest } = plan;
      return { ...rest, ...held(grants, grant), ...severalOf(plan, known) };
    }
    case "renew":
    case "release":
    case "fail": {
      const { grant, ...rest } = plan;
      return { ...rest, ...held(grants, grant) };
    }
    default:
      return plan;
  }
}

function held(grants: Known["grants"], back: number): Place & { readonly token: string } {
  const { namespace, key, token } = grants.at(-1 - back) ?? noGrant;
  return { namespace, key, token };
}

function severalOf(
  plan: {
    readonly conditions: readonly Condition<Relative>[];
    readonly operations: readonly Operation<Relative>[];
  },
  known: Known,
) {
  return {
    conditions: plan.conditions.map((condition): Condition =>
      "exists" in condition
        ? condition
        : { ...condition, revision: revisionOf(condition.revision, condition, known) },
    ),
    operations: plan.operations.map((operation) => operationOf(operation, known)),
  };
}

function operationOf(operation: Operation<Relative>, known: Known): Operation {
  const [[kind, input]] = Object.entries(operation) as [
    [string, Place & { readonly ifRevision?: Relative }],
  ];
  if (input.ifRevision === undefined) return operation as Operation<never>;
  const ifRevision = revisionOf(input.ifRevision, input, known);
  return { [kind]: { ...input, ifRevision } } as unknown as Operation;
}

function revisionOf(relative: Relative, place: Place, known: Known): bigint {
  const current = known.revisionAt(place);
  if (relative === "current") return BigInt(current);
  // Expects the opposite: an absent entry if it exists, and an existing one if it does not.
  return current === 0 ? 1n : 0n;
}
