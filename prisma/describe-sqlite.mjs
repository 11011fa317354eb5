import { PrismaLibSql } from "@prisma/adapter-libsql";

/** Describes the schema that each list of scripts creates in an empty SQLite database. */
export async function describeSqlite(histories) {
  const descriptions = [];
  for (const scripts of histories) descriptions.push(await describe(scripts));
  return descriptions;
}

async function describe(scripts) {
  const connection = await new PrismaLibSql({ url: ":memory:" }).connect();
  try {
    for (const script of scripts) await connection.executeScript(script);
    const { rows } = await connection.queryRaw({
      sql: "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name",
      args: [],
      argTypes: [],
    });
    return rows.map(([type, name, sql]) => `${type} ${name}: ${normaliseSql(type, sql)}`);
  } finally {
    await connection.dispose();
  }
}

/**
 * Returns the same text for equal definitions: single spaces, and sorted columns and constraints. A
 * migration adds a column after the others, regardless of its position in the schema.
 */
function normaliseSql(type, sql) {
  const singleSpaced = sql.replace(/\s+/g, " ").trim();
  if (type !== "table") return singleSpaced;
  const start = singleSpaced.indexOf("(") + 1;
  const end = singleSpaced.lastIndexOf(")");
  const items = splitAtCommas(singleSpaced.slice(start, end)).sort();
  return `${singleSpaced.slice(0, start)}${items.join(", ")}${singleSpaced.slice(end)}`;
}

/** Splits at the commas outside quotes and parentheses. */
function splitAtCommas(text) {
  const items = [""];
  let depth = 0;
  for (const [token] of text.matchAll(/'[^']*'|"[^"]*"|[^]/g)) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (token === "," && depth === 0) items.push("");
    else items[items.length - 1] += token;
  }
  return items.map((item) => item.trim());
}
