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
  type Sql,
  type SqlClient,
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
 * The table of tokens. It uses typed queries, but the queries of a start and of each request are SQL, which runs without
 * loading Prisma.
 * @param direct runs that SQL; a statement that writes is a separate transaction
 * @param readerOf runs the reads of one user, who takes turns with the others
 * @param changes announces changes of the table
 */
export function tokenTable(
  direct: SqlClient,
  readerOf: (userId: string) => SqlReader,
  read: WithClient,
  write: WithClient,
  changes: TokenChanges,
): TokenTable {
  const watchers: (() => void)[] = [];
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  const wrote = async () => {
    tell();
    await changes.announce();
  };
  return {
    async insert(token) {
      await write((client) => client.token.create({ data: toRow(token) }));
      await wrote();
    },
    async insertWithin(token, maxValid) {
      const isInserted = (await direct.run(insertionWithin(token, maxValid))) > 0;
      if (isInserted) await wrote();
      return isInserted;
    },
    async insertOnce(token) {
      await direct.run(sql`${insertion} VALUES (${cellsOf(token)}) ON CONFLICT DO NOTHING`);
      await wrote();
    },
    async findByHash(hash) {
      const [row] = await direct.all<TokenModel>(
        sql`SELECT ${shown} FROM "Token" WHERE "hash" = ${hash}`,
      );
      return row ? toToken(row) : null;
    },
    async find(tokenIds) {
      const rows = await direct.all<TokenModel>(
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
      const { count } = await write((client) =>
        client.token.updateMany({ where: { tokenId, revokedAt: null }, data: { revokedAt: at } }),
      );
      if (count > 0) await wrote();
      return count > 0 || (await read((client) => client.token.count({ where: { tokenId } }))) > 0;
    },
    async isEmpty() {
      const rows = await direct.all(sql`SELECT 1 AS "one" FROM "Token" LIMIT 1`);
      return rows.length === 0;
    },
    watch(watcher) {
      if (watchers.length === 0) changes.listen(tell);
      watchers.push(watcher);
    },
    noticeChanges() {
      if (changes.isNoticed()) tell();
    },
    async version() {
      const [row] = await direct.all<{ made: unknown; revoked: unknown }>(
        sql`SELECT COUNT(*) AS "made", COUNT("revokedAt") AS "revoked" FROM "Token"`,
      );
      return `${row?.made} ${row?.revoked}`;
    },
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
