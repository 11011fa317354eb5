import type { Token } from "../store/model/token.ts";
import type { Scope } from "../store/model/viewer.ts";
import type { TokenTable } from "../store/contract.ts";
import type { PrismaClient } from "./generated/sqlite/client.ts";
import type { TokenModel } from "./generated/sqlite/models.ts";

/** Prisma's code for a row that is there already. */
const uniqueViolation = "P2002";

/** Runs work with a client that may read, or write, as the database has it done. */
export type WithClient = <T>(work: (client: PrismaClient) => Promise<T>) => Promise<T>;

export function prismaTokens(read: WithClient, write: WithClient): TokenTable {
  const watchers: (() => void)[] = [];
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  return {
    async insert(token) {
      await write((client) => client.token.create({ data: toData(token) }));
      changed();
    },
    async insertOnce(token) {
      try {
        await write((client) => client.token.create({ data: toData(token) }));
        changed();
      } catch (error) {
        // Prisma's upsert looks first and inserts then: of two at once one would fail.
        if ((error as { code?: unknown }).code !== uniqueViolation) throw error;
      }
    },
    async findByHash(hash) {
      const row = await read((client) => client.token.findUnique({ where: { hash } }));
      return row && toToken(row);
    },
    async find(tokenIds) {
      const rows = await read((client) =>
        client.token.findMany({ where: { tokenId: { in: [...tokenIds] } } }),
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
    async revoke(tokenId, at) {
      const { count } = await write((client) =>
        client.token.updateMany({ where: { tokenId, revokedAt: null }, data: { revokedAt: at } }),
      );
      changed();
      return count > 0 || (await read((client) => client.token.count({ where: { tokenId } }))) > 0;
    },
    async isEmpty() {
      return (
        (await read((client) => client.token.findFirst({ select: { tokenId: true } }))) === null
      );
    },
    watch(watcher) {
      watchers.push(watcher);
    },
    noticeChanges() {},
    async version() {
      const { _count } = await read((client) =>
        client.token.aggregate({ _count: { tokenId: true, revokedAt: true } }),
      );
      return `${_count.tokenId} ${_count.revokedAt}`;
    },
  };
}

function toData({ scopes, namespacePatterns, ...plain }: Token): TokenModel {
  return {
    ...plain,
    scopes: scopes.join(","),
    namespacePatterns: JSON.stringify(namespacePatterns),
  };
}

function toToken(row: TokenModel): Token {
  return {
    ...row,
    scopes: row.scopes.split(",").filter((scope): scope is Scope => scope !== ""),
    namespacePatterns: JSON.parse(row.namespacePatterns) as string[],
  };
}
