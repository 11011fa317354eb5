import { badUserInput } from "../../errors.ts";
import { appendOperation } from "./append.ts";
import { claimOperation } from "./claim.ts";
import { clearOperation } from "./clear.ts";
import { completeOperation } from "./complete.ts";
import { createOperation } from "./create.ts";
import { deleteOperation } from "./delete.ts";
import { failOperation } from "./fail.ts";
import { incrementOperation } from "./increment.ts";
import type { Asked, OperationType } from "./operation.ts";
import { patchOperation } from "./patch.ts";
import { requireCount, type Optional } from "./read-input.ts";
import { releaseOperation } from "./release.ts";
import { renewOperation } from "./renew.ts";
import { reopenOperation } from "./reopen.ts";
import { requeueOperation } from "./requeue.ts";
import { revokeOperation } from "./revoke.ts";
import { setOperation } from "./set.ts";

/** The operations that `transact` and `completeClaim` accept, by the names in their input. */
const transactable = {
  set: setOperation,
  delete: deleteOperation,
  increment: incrementOperation,
  patch: patchOperation,
  append: appendOperation,
  clear: clearOperation,
  reopen: reopenOperation,
  requeue: requeueOperation,
};

/** All kinds of operations, by `kind`. */
export const operations = {
  ...transactable,
  claim: claimOperation,
  create: createOperation,
  complete: completeOperation,
  renew: renewOperation,
  release: releaseOperation,
  fail: failOperation,
  revoke: revokeOperation,
};

type Operations = typeof operations;
type OperationOf<T> = T extends OperationType<never, infer O> ? O : never;

/** One operation of a command. */
export type Operation = {
  [Kind in keyof Operations]: OperationOf<Operations[Kind]>;
}[keyof Operations];

/** Returns the kind of an operation, whose functions take the operation itself. */
export function typeOf<O extends Operation>(operation: O): OperationType<never, O> {
  // The keys of the table are the kinds, which the type check below ensures.
  return operations[operation.kind] as unknown as OperationType<never, O>;
}

/** Does not compile if an operation has a key in the table that is not its kind. */
operations satisfies {
  [Kind in keyof Operations]: OperationType<never, { readonly kind: Kind } & Operation>;
};

/** Exactly one of the members is set. */
export type OperationInput = {
  readonly [Name in keyof typeof transactable]?: Optional<
    Parameters<(typeof transactable)[Name]["read"]>[2]
  >;
};

/** Returns the namespaces that the operations name. */
export function namespacesOf(inputs: readonly OperationInput[]): Set<string> {
  const given = inputs.flatMap((input) => Object.values(input)).filter((input) => input != null);
  return new Set(given.map(({ namespace }) => namespace));
}

/** @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED */
export function readOperations(
  asked: Asked,
  argument: string,
  inputs: readonly OperationInput[],
): Operation[] {
  requireCount(asked, argument, "operations", inputs.length);
  return inputs.map((input, index) => {
    for (const [name, type] of Object.entries(transactable)) {
      const given = input[name as keyof OperationInput];
      if (given) return type.read(asked, `${argument}.${index}.${name}`, given as never);
    }
    throw badUserInput(`${argument}.${index}`, "Has no operation. Give exactly one.");
  });
}
