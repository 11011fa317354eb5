import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseGrant } from "../../src/store/model/grant.ts";
import { migratedKinds } from "./migrated-databases.ts";

const migration = /_token_grants$/;

/** The scopes and patterns of an existing token, and its grants. */
const tokens: [scopes: string, patterns: string[], grants: string[]][] = [
  ["read,write", ["*"], ["read,write,claim *"]],
  ["write", ["b:*", "a"], ["write,claim b:*", "write,claim a"]],
  ["read", ['it\'s "one", {of} many', "grö ße*"], ['read it\'s "one", {of} many', "read grö ße*"]],
  ["", ["*"], []],
];

test.each(migratedKinds)(
  "on $name, existing tokens keep their permissions, and gain none",
  async ({ create, released }) => {
    const connection = await (await create()).open();
    const earlier = released.copy();
    const later = earlier.names.slice(earlier.names.findIndex((name) => migration.test(name)));
    for (const name of later) rmSync(join(earlier.folder, name), { recursive: true });
    await connection.migrate(earlier);
    const at = "1970-01-01 00:00:00";
    const columns = `"tokenId", "hash", "userId", "agent", "createdAt", "expiresAt", "revokedAt"`;
    for (const [index, [scopes, patterns]] of tokens.entries()) {
      const text = JSON.stringify(patterns).replaceAll("'", "''");
      await connection.execute(
        `INSERT INTO "Token" (${columns}, "scopes", "namespacePatterns")
         VALUES ('tok_${index}', 'hash ${index}', 'ann', 'one', '${at}', '${at}', NULL, '${scopes}', '${text}')`,
      );
    }
    const read = () => connection.query(`SELECT ${columns} FROM "Token" ORDER BY "tokenId"`);
    const before = await read();
    expect(await connection.migrate(released)).toEqual(later);
    expect(await read()).toEqual(before);
    const rows = await connection.query(`SELECT "grants" FROM "Token" ORDER BY "tokenId"`);
    const grants = rows.map((row) => JSON.parse((row as { grants: string }).grants) as string[]);
    expect(grants).toEqual(tokens.map(([, , expected]) => expected));
    for (const grant of grants.flat()) parseGrant(grant);
  },
);
