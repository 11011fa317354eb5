import { maxGrants, scopes, type Grant } from "../store/model/grant.ts";
import { builder } from "./builder.ts";

/** The scopes of a grant. */
export const scopeEnum = builder.enumType("Scope", {
  description: "A permission of a token in the namespaces of a grant.",
  values: {
    READ: {
      value: scopes[0],
      description: "Queries and subscriptions, and the entries in a mutation's response.",
    },
    WRITE: { value: scopes[1], description: "Every mutation except those of claims and tokens." },
    CLAIM: {
      value: scopes[2],
      description: "`claimEntry`, and renewing, completing, releasing and failing these claims.",
    },
    ADMIN: {
      value: scopes[3],
      description:
        "Creating, listing and revoking the user's tokens, if all their namespaces are among these.",
    },
  },
});

const patternDescription =
  "A namespace, or a prefix followed by `*`, such as `files:*`. `*` alone matches every namespace.";

/** A grant of a token. */
export const grantRef = builder.objectRef<Grant>("Grant").implement({
  description: "The permissions of a token in some namespaces.",
  fields: (t) => ({
    scopes: t.field({
      type: [scopeEnum],
      description: "The permissions.",
      resolve: (grant) => [...grant.scopes],
    }),
    namespacePattern: t.exposeString("namespacePattern", { description: patternDescription }),
  }),
});

/** The complexity of a list of grants. */
export const grantsComplexity = { field: 1, multiplier: maxGrants };

/** The size of the patterns of grants, in bytes. */
export function bytesOfPatterns(grants: readonly Pick<Grant, "namespacePattern">[]): number {
  return grants.reduce((sum, grant) => sum + Buffer.byteLength(grant.namespacePattern), 0);
}

/** A grant of a new token. */
export const grantInput = builder.inputType("GrantInput", {
  description: "The permissions of a new token in some namespaces.",
  fields: (t) => ({
    scopes: t.field({
      type: [scopeEnum],
      required: true,
      description: "The permissions; at least one.",
    }),
    namespacePattern: t.string({
      required: true,
      defaultValue: "*",
      description: patternDescription,
    }),
  }),
});
