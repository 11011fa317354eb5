import { randomBytes } from "node:crypto";
import { chown, stat } from "node:fs/promises";
import { inject, expect, test } from "vitest";
import { get, remove, set, wholeLog } from "../operations.ts";
import { createPostgres } from "../postgres.ts";
import { startTestServer } from "../server.ts";
import { msUntilReady } from "./instances.ts";
import { mountMemory } from "./mounted-disk.ts";
import { connectTo } from "./own-postgres.ts";

/** Incompressible, because PostgreSQL compresses large values. */
const largeValue = () => randomBytes(150_000).toString("base64");

test("G5 G6: while PostgreSQL's disk is full, writes that add data are refused, and reads and deletes continue; free space ends this", async ({
  annotate,
  skip,
}) => {
  await using admin = await connectTo(inject("postgresUrl"));
  const [row] = await admin.select("SHOW data_directory");
  const owner = await stat(row?.data_directory as string).catch(() => null);
  await using disk = owner && (await mountMemory(32));
  if (!owner || !disk) return skip("This process cannot give PostgreSQL a small disk.");
  await chown(disk.path, owner.uid, owner.gid);
  const tablespace = `baton_test_${randomBytes(8).toString("hex")}`;
  await admin.select(`CREATE TABLESPACE ${tablespace} LOCATION '${disk.path}'`);
  await using _removal = {
    [Symbol.asyncDispose]: async () => void (await admin.select(`DROP TABLESPACE ${tablespace}`)),
  };
  const own = await createPostgres({}, tablespace);
  await using server = await startTestServer({}, own);

  for (const key of ["kept", "gone", "later"]) await set(server, { key, value: largeValue() });
  await disk.fill();
  const refused = {
    code: "UNAVAILABLE",
    message: expect.stringMatching(/The disk is nearly full: .* nothing was written/),
  };
  await expect(set(server, { key: "more", value: largeValue() })).rejects.toMatchObject(refused);
  // PostgreSQL would have room for this small value, but the state is the same for all.
  await expect(set(server, { key: "small", value: 1 })).rejects.toMatchObject(refused);
  const response = await fetch(`${server.url}/health/ready`);
  expect([response.status, await response.json()]).toEqual([
    503,
    expect.objectContaining({ reason: expect.stringMatching(/^The disk is nearly full/) }),
  ]);
  expect(await remove(server, { key: "gone" })).toMatchObject({ deleted: true });
  expect(await get(server, "kept")).toMatchObject({ revision: "1" });

  await disk.free();
  await annotate(`ready after ${await msUntilReady(server, 200)} ms`);
  await set(server, { key: "after", value: largeValue() });
  expect((await wholeLog(server)).map(({ kind, key }) => `${kind} ${key}`)).toEqual([
    "SET kept",
    "SET gone",
    "SET later",
    "DELETED gone",
    "SET after",
  ]);
});
