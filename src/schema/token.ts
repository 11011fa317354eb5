import { bytesOfToken, type TokenPlace } from "../auth/token-administration.ts";
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
import { bytesOfPatterns, grantInput, grantRef, grantsComplexity } from "./grant.ts";
import { shortList } from "./short-list.ts";

const tokenRef = builder.objectRef<Token>("Token").implement({
  description: "A bearer token, without its secret. The server keeps only a hash of the secret.",
  fields: (t) => ({
    tokenId: t.exposeString("tokenId", {
      description: "Identifies the token in lists and logs, such as `tok_1a2b3c4d5e6f`.",
    }),
    agent: t.exposeString("agent", {
      nullable: true,
      description: "The agent name of its bearer; null if the bearer chooses one.",
    }),
    grants: t.field({
      type: [grantRef],
      complexity: grantsComplexity,
      description: "Its permissions and their namespaces.",
      resolve: ({ grants }, _args, context, info) =>
        shortList(grants, bytesOfPatterns(grants), context, info),
    }),
    createdAt: t.field({
      type: "DateTime",
      description: "When it was created.",
      resolve: (token) => token.createdAt,
    }),
    expiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it expires; from then on it is refused. Null if it does not expire.",
      resolve: (token) => token.expiresAt,
    }),
    revokedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was revoked; null if it is not revoked.",
      resolve: (token) => token.revokedAt,
    }),
  }),
});

const tokenConnection = connectionOf("Token", "tokens", tokenRef);

builder.queryField("tokens", (t) =>
  t.field({
    type: tokenConnection,
    complexity: ({ first }) => pageComplexity({ first, isFiltered: true }),
    description:
      "The user's tokens, oldest first, including those that were revoked or have expired in the last 30 days. Only tokens whose namespaces are all within the caller's `admin` grants are listed. A page examines at most `maxExaminedItems` tokens and four times `maxPageBytes` bytes, so it can have fewer than `first` results: continue while `pageInfo.hasNextPage` is true. Needs the scope `admin`.",
    args: {
      first: t.arg.int({ defaultValue: defaultPageSize, description: firstDescription }),
      after: t.arg.string({
        description: "Only tokens after this cursor, a `pageInfo.endCursor`.",
      }),
    },
    resolve: async (_query, { first, after }, { tokens, viewer, budget, closed }) => {
      const place = after == null ? null : decodeTokenCursor(after);
      const read = tokens.list(viewer, first ?? defaultPageSize, place, closed);
      const { items, hasMore, end } = await budget.showRead(read, (page) =>
        page.items.map((token) => ({ sizeBytes: bytesOfToken(token) })),
      );
      return { items, hasMore, cursorOf: encodeTokenCursor, end: end && encodeTokenCursor(end) };
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
        "The permissions: from 1 to 100 grants. The caller must have `admin` and each granted scope in all of the granted namespaces.",
    }),
    agent: t.string({
      description: "The agent name of its bearer. Default: the bearer chooses one.",
    }),
    expiresInSeconds: t.int({
      description: "Seconds from now until it expires; at least 1. Default: it does not expire.",
    }),
  }),
});

interface Created {
  readonly token: Token;
  readonly secret: string;
}

const createTokenPayload = builder.objectRef<Created>("CreateTokenPayload").implement({
  description: "The result of `createToken`.",
  fields: (t) => ({
    secret: t.exposeString("secret", {
      description:
        "The secret that the bearer sends. It is shown only here: the server keeps its hash.",
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
    tokenId: t.string({ required: true, description: "The `tokenId`, as `tokens` shows it." }),
  }),
});

const revokeTokenPayload = builder.objectRef<Token>("RevokeTokenPayload").implement({
  description: "The result of `revokeToken`.",
  fields: (t) => ({
    token: t.field({
      type: tokenRef,
      description: "The revoked token. If it was revoked before, it keeps its first `revokedAt`.",
      resolve: (token) => token,
    }),
  }),
});

builder.mutationFields((t) => ({
  createToken: t.field({
    type: createTokenPayload,
    complexity: statementComplexity,
    description:
      "Creates a token of the caller's user. Needs the scope `admin`. It takes no idempotency key, because the server does not keep the secret: if a response is lost, revoke its token and create another.",
    args: {
      input: t.arg({ type: createTokenInput, required: true, description: "The token." }),
    },
    resolve: (_mutation, { input }, { tokens, viewer }) => tokens.create(viewer, input),
  }),
  revokeToken: t.field({
    type: revokeTokenPayload,
    complexity: statementComplexity,
    description:
      "Revokes a token of the caller's user. The token is refused within a second, and its subscriptions end. Needs the scope `admin` in all namespaces of the token.",
    args: {
      input: t.arg({ type: revokeTokenInput, required: true, description: "The token." }),
    },
    resolve: (_mutation, { input }, { tokens, viewer }) => tokens.revoke(viewer, input.tokenId),
  }),
}));
