import type { TokenPlace } from "../auth/token-administration.ts";
import type { Token } from "../store/model/token.ts";
import { builder } from "./builder.ts";
import {
  connectionOf,
  decodeCursor,
  defaultPageSize,
  encodeCursor,
  firstDescription,
  notOfThisList,
  pageComplexity,
  statementComplexity,
} from "./connection.ts";
import { grantInput, grantRef } from "./grant.ts";

const tokenRef = builder.objectRef<Token>("Token").implement({
  description: "A token that callers show. Its secret is not kept, and never shown again.",
  fields: (t) => ({
    tokenId: t.exposeString("tokenId", {
      description: "Names it in lists and logs, such as `tok_1a2b3c4d5e6f`.",
    }),
    agent: t.exposeString("agent", {
      nullable: true,
      description: "The agent its bearer speaks as; null lets the bearer say.",
    }),
    grants: t.field({
      type: [grantRef],
      description: "What it may do, and in which namespaces.",
      resolve: (token) => [...token.grants],
    }),
    createdAt: t.field({
      type: "DateTime",
      description: "When it was created.",
      resolve: (token) => token.createdAt,
    }),
    expiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "From then on it is refused; null where it does not expire.",
      resolve: (token) => token.expiresAt,
    }),
    revokedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was revoked; null where it was not.",
      resolve: (token) => token.revokedAt,
    }),
  }),
});

const tokenConnection = connectionOf("Token", "tokens", tokenRef);

builder.queryField("tokens", (t) =>
  t.field({
    type: tokenConnection,
    complexity: pageComplexity,
    description:
      "The user's tokens that reach nothing outside of the namespaces of the caller's grants of `admin`, the oldest first; also those that are revoked or have expired. Needs the scope `admin`.",
    args: {
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only tokens behind this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, { first, after }, { tokens, viewer }) => {
      const place = after == null ? null : decodeTokenCursor(after);
      const page = await tokens.list(viewer, first ?? defaultPageSize, place);
      return { ...page, cursorOf: encodeTokenCursor };
    },
  }),
);

function encodeTokenCursor({ createdAt, tokenId }: TokenPlace): string {
  return encodeCursor([createdAt.toISOString(), tokenId]);
}

/** @throws BAD_USER_INPUT */
function decodeTokenCursor(cursor: string): TokenPlace {
  const [at = "", tokenId = ""] = decodeCursor(cursor, 2);
  if (/^[0-9]{4}-[0-9-]{5}T[0-9:.]{12}Z$/.test(at) && !Number.isNaN(Date.parse(at))) {
    return { createdAt: new Date(at), tokenId };
  }
  throw notOfThisList();
}

const createTokenInput = builder.inputType("CreateTokenInput", {
  description: "A token to create.",
  fields: (t) => ({
    grants: t.field({
      type: [grantInput],
      required: true,
      description:
        "What it may do: from 1 to 100 grants. The caller must have each scope, and `admin`, in all of the namespaces that it gives.",
    }),
    agent: t.string({
      description: "The agent its bearer speaks as. Left out: the bearer says.",
    }),
    expiresInSeconds: t.int({
      description: "Seconds from now until it expires; at least 1. Left out: it does not expire.",
    }),
  }),
});

interface Created {
  readonly token: Token;
  readonly secret: string;
}

const createTokenPayload = builder.objectRef<Created>("CreateTokenPayload").implement({
  description: "What `createToken` came to.",
  fields: (t) => ({
    secret: t.exposeString("secret", {
      description: "What its bearer sends. It is shown this once: only its hash is kept.",
    }),
    token: t.field({
      type: tokenRef,
      description: "The token.",
      resolve: ({ token }) => token,
    }),
  }),
});

const revokeTokenInput = builder.inputType("RevokeTokenInput", {
  description: "A token to revoke.",
  fields: (t) => ({
    tokenId: t.string({ required: true, description: "Its name, as `tokens` shows it." }),
  }),
});

const revokeTokenPayload = builder.objectRef<Token>("RevokeTokenPayload").implement({
  description: "What `revokeToken` came to.",
  fields: (t) => ({
    token: t.field({
      type: tokenRef,
      description: "The token, revoked. Revoked again, it keeps the first `revokedAt`.",
      resolve: (token) => token,
    }),
  }),
});

builder.mutationFields((t) => ({
  createToken: t.field({
    type: createTokenPayload,
    complexity: statementComplexity,
    description:
      "Creates a token of the caller's user. Needs the scope `admin`. It has no idempotency key, since its answer is not kept: revoke the token of an answer that was lost.",
    args: {
      input: t.arg({ type: createTokenInput, required: true, description: "The token." }),
    },
    resolve: (_mutation, { input }, { tokens, viewer }) => tokens.create(viewer, input),
  }),
  revokeToken: t.field({
    type: revokeTokenPayload,
    complexity: statementComplexity,
    description:
      "Revokes a token of the caller's user: it is refused within a second, and its subscriptions end. Needs the scope `admin` in all of the namespaces that it reaches.",
    args: {
      input: t.arg({ type: revokeTokenInput, required: true, description: "The token." }),
    },
    resolve: (_mutation, { input }, { tokens, viewer }) => tokens.revoke(viewer, input.tokenId),
  }),
}));
