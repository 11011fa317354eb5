import type { TokenTable } from "../store/contract.ts";
import { formatGrant, parseGrant } from "../store/model/grant.ts";
import type { Token } from "../store/model/token.ts";
import type { PrismaClient } from "./generated/sqlite/client.ts";
import type { TokenModel } from "./generated/sqlite/models.ts";
import {
  columns,
  empty,
  join,
  name,
  sql,
  type InTransaction,
  type Sql,
  type SqlReader,
} from "./sql.ts";

/** Runs work with Prisma's client, which is loaded at its first use. */
export type WithClient = <T>(work: (client: PrismaClient) => Promise<T>) => Promise<T>;

/** Announces changes of the table to the processes that use the database. */
export interface TokenChanges {
  /** Announces to other processes that this one has changed the table. The message can be lost. */
  announce(): Promise<void>;
  /** Calls back when another process announces a change. */
  listen(changed: () => void): void;
  /** Whether another process may have written since the last call. False if the database sends notifications. */
  isNoticed(): boolean;
}

const columnNames = [
  "tokenId",
  "hash",
  "userId",
  "agent",
  "grants",
  "createdAt",
  "expiresAt",
  "revokedAt",
] as const;
const shown = columns("Token", columnNames);
const insertion = sql`INSERT INTO "Token" (${join(columnNames.map(name))})`;

/**
 * The table of tokens. A trigger increments the version in "History" with each change, so that reading the version costs
 * the same for any number of tokens. Only `list` is a typed query: the others run without loading Prisma.
 * @param reader runs the reads of the server itself
 * @param inTransaction runs the changes
 * @param readerOf runs the reads of one user, who takes turns with the others
 * @param changes announces changes of the table
 */
export function tokenTable(
  reader: SqlReader,
  inTransaction: InTransaction,
  readerOf: (userId: string) => SqlReader,
  read: WithClient,
  changes: TokenChanges,
): TokenTable {
  const watchers: (() => void)[] = [];
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  const readVersion = async () => {
    const [row] = await reader.all<{ tokenVersion: unknown }>(
      sql`SELECT "tokenVersion" FROM "History"`,
      1,
    );
    return String(row?.tokenVersion);
  };
  /** Runs a statement that changes tokens. Returns whether it changed any. */
  const change = async (statement: Sql) => {
    const changed = await inTransaction((transaction) => transaction.run(statement));
    if (changed === 0) return false;
    tell();
    await changes.announce();
    return true;
  };
  return {
    async insert(token) {
      await change(sql`${insertion} VALUES (${cellsOf(token)})`);
    },
    insertWithin: (token, maxValid) => change(insertionWithin(token, maxValid)),
    insertOnce: (token) =>
      change(sql`${insertion} VALUES (${cellsOf(token)}) ON CONFLICT DO NOTHING`),
    async findByHash(hash) {
      const [row] = await reader.all<TokenModel>(
        sql`SELECT ${shown} FROM "Token" WHERE "hash" = ${hash}`,
      );
      return row ? toToken(row) : null;
    },
    async find(tokenIds) {
      const rows = await reader.all<TokenModel>(
        sql`SELECT ${shown} FROM "Token" WHERE "tokenId" IN (${join([...tokenIds])})`,
      );
      return rows.map(toToken);
    },
    async list(userId) {
      const rows = await read((client) =>
        client.token.findMany({
          ...(userId === null ? {} : { where: { userId } }),
          orderBy: [{ createdAt: "asc" }, { tokenId: "asc" }],
        }),
      );
      return rows.map(toToken);
    },
    async page(userId, after, maxItems) {
      const rows = await readerOf(userId).all<TokenModel>(pageOfTokens(userId, after, maxItems));
      return { items: rows.slice(0, maxItems).map(toToken), hasMore: rows.length > maxItems };
    },
    async revoke(tokenId, at) {
      const revocation = sql`UPDATE "Token" SET "revokedAt" = ${at} WHERE "tokenId" = ${tokenId} AND "revokedAt" IS NULL`;
      if (await change(revocation)) return true;
      const found = await reader.all(
        sql`SELECT 1 AS "one" FROM "Token" WHERE "tokenId" = ${tokenId}`,
      );
      return found.length > 0;
    },
    isEmpty: async () => (await readVersion()) === "0",
    watch(watcher) {
      if (watchers.length === 0) changes.listen(tell);
      watchers.push(watcher);
    },
    noticeChanges() {
      if (changes.isNoticed()) tell();
    },
    version: readVersion,
  };
}

/** Selects a page of one user's tokens, and one more. It reads only these, in the order of an index. */
export function pageOfTokens(
  userId: string,
  after: Pick<Token, "createdAt" | "tokenId"> | null,
  maxItems: number,
): Sql {
  const later = after
    ? sql` AND ("createdAt", "tokenId") > (${after.createdAt}, ${after.tokenId})`
    : empty;
  return sql`SELECT ${shown} FROM "Token" WHERE "userId" = ${userId}${later}
    ORDER BY "createdAt", "tokenId" LIMIT ${maxItems + 1}`;
}

/**
 * Inserts a token if its user has fewer than `maxValid` valid ones. They are counted by an index, in two ranges of it, which
 * contain no revoked and no expired token.
 */
export function insertionWithin(token: Token, maxValid: number): Sql {
  const count = (expiry: Sql) =>
    sql`(SELECT COUNT(*) FROM "Token" WHERE "userId" = ${token.userId} AND "revokedAt" IS NULL AND "expiresAt" ${expiry})`;
  const valid = sql`${count(sql`IS NULL`)} + ${count(sql`> ${token.createdAt}`)}`;
  return sql`${insertion} SELECT ${cellsOf(token)} WHERE ${valid} < ${maxValid}`;
}

function cellsOf(token: Token): Sql {
  const row = toRow(token);
  return join(columnNames.map((column) => row[column]));
}

function toRow({ grants, ...plain }: Token): TokenModel {
  return { ...plain, grants: JSON.stringify(grants.map(formatGrant)) };
}

function toToken({ grants, ...plain }: TokenModel): Token {
  return { ...plain, grants: (JSON.parse(grants) as string[]).map(parseGrant) };
}
