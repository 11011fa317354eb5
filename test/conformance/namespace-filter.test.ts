import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query, refusal } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import { set, transact } from "../operations.ts";
import type { TestServer } from "../server.ts";

const document = `query (
  $prefix: String, $suffix: [String!], $segments: [String!], $depth: Int, $delimiter: String, $first: Int, $after: String
) {
  page: namespaces(
    prefix: $prefix, suffix: $suffix, segments: $segments, depth: $depth, delimiter: $delimiter, first: $first, after: $after
  ) { nodes { name } edges { cursor } pageInfo { hasNextPage endCursor } }
}`;

const names = [
  "a",
  "a-b",
  "a-b:c",
  "a:",
  "a:b",
  "a:b:c",
  "a;b",
  "default",
  "users",
  "users-old:ann:memories",
  "users:ann",
  "users:ann:memories",
  "users:ann:memories:old",
  "users:bob:memories",
  "users:bob:notes",
  "users:zoë:memories",
  "z/y/x",
];

/** The meaning of the arguments, as a simple implementation. */
function expected(args: Record<string, any>): string[] {
  const { prefix = "", suffix, segments, depth, delimiter = ":" } = args;
  const isAs = (pattern: string[], name: string[]) =>
    pattern.length === name.length && pattern.every((one, at) => one === "*" || one === name[at]);
  const found = names.filter((name) => {
    const parts = name.split(delimiter);
    const wild = segments?.indexOf("**") ?? -1;
    const filled =
      wild < 0
        ? segments
        : segments?.toSpliced(
            wild,
            1,
            ...Array(Math.max(0, parts.length - segments.length + 1)).fill("*"),
          );
    return (
      name.startsWith(prefix) &&
      (!segments || isAs(filled, parts)) &&
      (!suffix || (parts.length >= suffix.length && isAs(suffix, parts.slice(-suffix.length))))
    );
  });
  const cut = found.map((name) => name.split(delimiter).slice(0, depth).join(delimiter));
  return [...new Set(cut)];
}

describe.each(plainDatabases)("namespaces by their segments on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start({ maxExaminedItems: 100 });
    for (const namespace of names) await set(server, { namespace, key: "k", value: 1 });
    await set(server, { namespace: "users:bob:notes", key: "k2", value: 2 });
  });
  afterAll(() => server.close());

  /** A whole list, in pages of one size. */
  async function listed(args: Record<string, unknown>, first: number): Promise<string[]> {
    const found: string[] = [];
    for (let after: string | null = null; ;) {
      const { page }: Record<string, any> = await query(server, document, {
        ...args,
        first,
        after,
      });
      found.push(...page.nodes.map(({ name }: any) => name));
      if (page.nodes.length === first)
        expect(page.edges.at(-1).cursor).toBe(page.pageInfo.endCursor);
      if (!page.pageInfo.hasNextPage) return found;
      after = page.pageInfo.endCursor as string;
    }
  }

  test.each([
    { segments: ["users", "*", "memories"] },
    { segments: ["users", "**"] },
    { segments: ["**", "memories"] },
    { segments: ["users", "**", "memories"] },
    { segments: ["*"] },
    { segments: ["users", "ann"] },
    { segments: ["a", ""] },
    { suffix: ["memories"] },
    { suffix: ["*", "notes"] },
    { segments: ["users", "*", "**"], suffix: ["*", "memories"] },
    { prefix: "users:", depth: 2 },
    { depth: 1 },
    { depth: 2 },
    { suffix: ["memories"], depth: 1 },
    { prefix: "users-", segments: ["users", "**"] },
    { delimiter: "/", depth: 2 },
    { delimiter: "sers", segments: ["u", "**"] },
  ])("lists the names that match the arguments, in pages of any size: %j", async (args) => {
    const wanted = expected(args);
    for (const first of [1, 3, 100]) expect(await listed(args, first)).toEqual(wanted);
  });

  test("a cut name stands for all matching namespaces, and has the sums of their totals", async () => {
    const totals = `{ namespaces(prefix: "users", suffix: ["*", "*"], depth: 2) {
      nodes { name entryCount sizeBytes entries { nodes { key } } } } }`;
    const { nodes } = (await query(server, totals)).namespaces;
    expect(nodes.map(({ name, entryCount }: any) => [name, entryCount])).toEqual([
      ["users-old:ann", 1],
      ["users:ann", 3],
      ["users:bob", 3],
      ["users:zoë", 1],
    ]);
    expect(nodes[1].sizeBytes).toBe(12);
    expect(nodes[1].entries.nodes).toEqual([{ key: "k" }]);
    expect(nodes[2].entries.nodes).toEqual([]);
    const whole = `{ namespaces(suffix: ["notes"]) { nodes { name entryCount updatedAt agents } } }`;
    expect((await query(server, whole)).namespaces.nodes).toMatchObject([
      { name: "users:bob:notes", entryCount: 2 },
    ]);
  });

  test("G1: shows a token limited to namespaces only the permitted ones", async () => {
    const { secret: token } = await server.createToken({ namespacePatterns: ["users:bob:*", "a"] });
    const { page } = await query(server, document, { depth: 2 }, { token });
    expect(page.nodes).toEqual([{ name: "a" }, { name: "users:bob" }]);
  });

  test.each([
    [{ depth: 0 }, "depth"],
    [{ segments: [] }, "segments"],
    [{ suffix: ["**"] }, "suffix"],
    [{ segments: ["**", "a", "**"] }, "segments"],
    [{ segments: ["users:ann"] }, "segments.0"],
    [{ depth: 1, delimiter: "" }, "delimiter"],
    [{ depth: 1, after: Buffer.from('["a"]').toString("base64url") }, "after"],
    [{ depth: 1, after: Buffer.from('["ab","after","1,1"]').toString("base64url") }, "after"],
  ])("G10: refuses meaningless arguments: %j", async (args, argument) => {
    const { extensions } = await refusal(query(server, document, args));
    expect(extensions).toMatchObject({ code: "BAD_USER_INPUT", argument });
  });

  test("G14: a page examines a limited number of namespaces, and the next one continues after them", async () => {
    const operations = Array.from({ length: 250 }, (_, at) => ({
      set: { namespace: `many:${String(at).padStart(3, "0")}:x`, key: "k", value: at },
    }));
    await transact(server, { operations });
    const args = { prefix: "many:", suffix: ["y"] };
    const { page } = await query(server, document, args);
    expect(page.nodes).toEqual([]);
    expect(page.pageInfo).toMatchObject({ hasNextPage: true, endCursor: expect.any(String) });
    expect(await listed(args, 10)).toEqual([]);
    await set(server, { namespace: "many:249:y", key: "k", value: 1 });
    expect(await listed(args, 10)).toEqual(["many:249:y"]);
    // Of many names that are cut to one, the list examines only a few.
    expect(await listed({ prefix: "many", depth: 1 }, 10)).toEqual(["many"]);
    const { extensions } = await refusal(
      query(server, `{ namespaces(prefix: "many", depth: 1) { nodes { name entryCount } } }`),
    );
    expect(extensions).toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "maxExaminedItems",
      max: 100,
    });
  });

  test("a list of cut names misses no name that existed throughout, regardless of new ones between its pages", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: names.length - 1 }),
        fc.integer({ min: 1, max: 3 }),
        async (at, first) => {
          const { page } = await query(server, document, { depth: 1, first });
          const name = (names[at] as string).split(":")[0] as string;
          // It sorts before the longer names that are cut to it.
          await set(server, { namespace: name, key: "new", value: 1 });
          const rest: string[] = [];
          for (let after = page.pageInfo.endCursor; ;) {
            const next = (await query(server, document, { depth: 1, first, after })).page;
            rest.push(...next.nodes.map((node: any) => node.name));
            if (!next.pageInfo.hasNextPage) break;
            after = next.pageInfo.endCursor;
          }
          const all = [...page.nodes.map((node: any) => node.name), ...rest];
          expect(all).toEqual([...new Set(all)]);
          for (const one of expected({ depth: 1 })) expect(all).toContain(one);
        },
      ),
      { numRuns: 5 },
    );
  });
});
