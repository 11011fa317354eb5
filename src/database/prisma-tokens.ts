import type { Token } from "../auth/token.ts";
import type { Scope } from "../store/viewer.ts";
import type { TokenTable } from "./database.ts";
import type { PrismaClient } from "./generated/sqlite/client.ts";
import type { TokenModel } from "./generated/sqlite/models.ts";

/** Where a process's writes take turns. */
export type Writes = <T>(work: (writer: PrismaClient) => Promise<T>) => Promise<T>;

export function prismaTokens(reader: PrismaClient, write: Writes): TokenTable {
  return {
    async insert(token) {
      const { scopes, namespacePatterns, ...plain } = token;
      const data = {
        ...plain,
        scopes: scopes.join(","),
        namespacePatterns: JSON.stringify(namespacePatterns),
      };
      await write((writer) => writer.token.create({ data }));
    },
    async findByHash(hash) {
      const row = await reader.token.findUnique({ where: { hash } });
      return row && toToken(row);
    },
    async find(tokenIds) {
      const rows = await reader.token.findMany({ where: { tokenId: { in: [...tokenIds] } } });
      return rows.map(toToken);
    },
    async list(userId) {
      const rows = await reader.token.findMany({
        ...(userId === null ? {} : { where: { userId } }),
        orderBy: [{ createdAt: "asc" }, { tokenId: "asc" }],
      });
      return rows.map(toToken);
    },
    async revoke(tokenId, at) {
      const { count } = await write((writer) =>
        writer.token.updateMany({ where: { tokenId, revokedAt: null }, data: { revokedAt: at } }),
      );
      return count > 0 || (await reader.token.count({ where: { tokenId } })) > 0;
    },
    async isEmpty() {
      return (await reader.token.findFirst({ select: { tokenId: true } })) === null;
    },
  };
}

function toToken(row: TokenModel): Token {
  return {
    ...row,
    scopes: row.scopes.split(",").filter((scope): scope is Scope => scope !== ""),
    namespacePatterns: JSON.parse(row.namespacePatterns) as string[],
  };
}
