import { scopes, type Grant } from "../store/model/grant.ts";
import { builder } from "./builder.ts";

/** What a grant allows. */
export const scopeEnum = builder.enumType("Scope", {
  description: "What a token may do in the namespaces of a grant.",
  values: {
    READ: {
      value: scopes[0],
      description: "Queries and subscriptions, and the entries that a mutation's answer shows.",
    },
    WRITE: { value: scopes[1], description: "Every mutation but those of claims." },
    CLAIM: {
      value: scopes[2],
      description: "`claimEntry`, and to renew, complete, release and fail those claims.",
    },
    ADMIN: {
      value: scopes[3],
      description:
        "To create, list and revoke the user's tokens that reach nothing outside of these namespaces.",
    },
  },
});

const patternDescription =
  "A namespace, or a prefix followed by `*`, such as `files:*`; `*` alone is every namespace.";

/** What a token may do in some namespaces. */
export const grantRef = builder.objectRef<Grant>("Grant").implement({
  description: "What a token may do in some namespaces.",
  fields: (t) => ({
    scopes: t.field({
      type: [scopeEnum],
      description: "What it may do there.",
      resolve: (grant) => [...grant.scopes],
    }),
    namespacePattern: t.exposeString("namespacePattern", { description: patternDescription }),
  }),
});

/** A grant of a token to be made. */
export const grantInput = builder.inputType("GrantInput", {
  description: "What a token is to be allowed in some namespaces.",
  fields: (t) => ({
    scopes: t.field({
      type: [scopeEnum],
      required: true,
      description: "What it may do there; at least one.",
    }),
    namespacePattern: t.string({
      required: true,
      defaultValue: "*",
      description: patternDescription,
    }),
  }),
});
