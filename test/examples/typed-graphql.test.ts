import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildSchema, validate, type DocumentNode } from "graphql";
import { describe, expect, test } from "vitest";
import type { follow as Follow, run as Run } from "../../examples/typed-graphql/connection.ts";
import * as documents from "../../examples/typed-graphql/documents.ts";
import { graphql } from "../../examples/typed-graphql/graphql.ts";
import { temporaryFolder } from "../process/baton-process.ts";
import { startTestServer } from "../server.ts";
import { Program } from "./program.ts";

const execute = promisify(execFile);
const folder = "examples/typed-graphql";

describe("examples/typed-graphql", () => {
  test("stores, reads, is refused, and follows", async () => {
    await using server = await startTestServer();
    await using program = Program.documented("typed-graphql/main.ts", server);
    expect(await program.exit, program.complaints.join("\n")).toBe(0);
    expect(program.lines).toEqual([
      expect.stringMatching(/^stored as revision 1 at \d{4}-\d\d-\d\dT[\d:.]+Z$/),
      'found report/rows: {"rows":1200}, by typed-graphql',
      "not stored again: it is at revision 1",
      'saw SET report/rows: {"rows":1300}',
      "saw DELETED report/rows: null",
    ]);
  });

  test("a wrong token ends it with an error message", async () => {
    await using server = await startTestServer();
    const { url } = server;
    await using program = new Program("typed-graphql/main.ts", [], { url, token: "baton_wrong" });
    expect(await program.exit).toBe(1);
    expect(program.complaints.join("\n")).toMatch(/GraphqlError: .*token/i);
  });

  test("graphql-env.d.ts matches schema.graphql (npm run schema writes it)", async () => {
    await using temporary = await temporaryFolder();
    const file = join(temporary.path, "graphql-env.d.ts");
    await execute(process.execPath, ["--import", "tsx", `${folder}/generate.ts`, file]);
    expect(await readFile(file, "utf8")).toBe(await readFile(`${folder}/graphql-env.d.ts`, "utf8"));
  });

  test("its documents are valid for schema.graphql", async () => {
    const schema = buildSchema(await readFile("schema.graphql", "utf8"));
    for (const [name, document] of Object.entries(documents)) {
      expect([name, validate(schema, document as DocumentNode)]).toEqual([name, []]);
    }
    expect(Object.keys(documents)).toHaveLength(4);
  });
});

/** Never called: `npm run types` fails if one of these compiles. */
export function refusedByTypes(run: typeof Run, follow: typeof Follow): void {
  const wrongQuery = graphql("query { entree { value } }");
  // @ts-expect-error no such field
  void run(wrongQuery, {});
  const wrongSubscription = graphql("subscription { entryChanged { kind entry { revison } } }");
  // @ts-expect-error no such field, deep inside
  void follow(wrongSubscription, {});
  // @ts-expect-error a number, not a text
  void run(documents.reports, { namespace: "a", first: "10" });
  // @ts-expect-error no namespace
  void run(documents.reports, { first: 10 });
  // @ts-expect-error no such variable
  void run(documents.reports, { namespace: "a", frist: 10 });
  // @ts-expect-error no such field of the input
  void run(documents.storeReport, { input: { kee: "a", value: 1 } });
  // @ts-expect-error a revision is a text
  void run(documents.storeReport, { input: { key: "a", value: 1, ifRevision: 3 } });
  // @ts-expect-error a Map is not JSON
  void run(documents.storeReport, { input: { key: "a", value: new Map() } });
  const nullable = graphql('query { entry(key: "a") { key } }');
  // @ts-expect-error the entry can be null
  void run(nullable, {}).then(({ entry }) => entry.key);
}
