import { createHash } from "node:crypto";

/** Maximum number of prepared statements of a connection. Lists of different lengths produce many texts. */
const maxNames = 200;

/**
 * Names the texts of statements, so that each connection parses and plans a statement once. That is at least a third of
 * the cost of a small statement. `SessionClient` renews the plans. After `maxNames` texts, further ones are sent without a
 * name.
 */
export function statementNames(): (query: { readonly sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined || names.size >= maxNames) return known ?? "";
    const name = `baton_${createHash("sha256").update(sql).digest("base64url").slice(0, 32)}`;
    names.set(sql, name);
    return name;
  };
}
