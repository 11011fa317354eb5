import { createHash } from "node:crypto";

/** Each connection keeps so many; lists of differing length make endless texts. */
const maxNames = 200;

/**
 * Names the texts of statements, so that each connection parses and plans one once: that is a third or more of what a
 * small statement costs PostgreSQL. What comes beyond the first names is sent without one.
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
