// Two writers of two formats and a migrator, which is killed in the middle. Nothing is lost. Then a contact in a newer
// format: node --import tsx examples/versions/run.ts
import assert from "node:assert/strict";
import { AgentProcess, play, say } from "../agent-process.ts";
import { currentFormat, formatOf, readContact, type Contacts } from "./contact.ts";

const count = 40;

await play(async (store) => {
  const contacts = store.namespace<Contacts>(`contacts:run-${Date.now()}`);
  const start = (name: string, ...args: string[]) =>
    new AgentProcess(name, new URL(`${name}.ts`, import.meta.url), [contacts.name, ...args]);

  const writers = [start("old-writer", String(count)), start("new-writer", String(count))];
  const first = start("migrator");
  await first.said("upgraded", 3);
  await first.kill();
  say("run", "killed the migrator");
  assert.equal(await start("reader").exit, 0);
  const codes = await Promise.all(writers.map((writer) => writer.exit));
  assert.deepEqual(codes, [0, 0]);

  const second = start("migrator");
  await second.said("caught up");
  assert.equal(await second.kill("SIGTERM"), 0);

  let found = 0;
  for await (const entry of contacts.entries()) {
    assert.equal(formatOf(entry), currentFormat);
    const { calls } = readContact(entry);
    assert.deepEqual(calls, { 2025: 1, 2026: 1 }, `${entry.key} must have both calls`);
    found++;
  }
  assert.equal(found, count);
  say("run", `all ${count} contacts are in ${currentFormat}, each with both of its calls`);

  // A newer program writes.
  const future = { names: ["Ada", "Lovelace"] } as never;
  await contacts.set("contact:future", future, { metadata: { format: "contact/3" } });
  assert.equal(await start("reader").exit, 1);
  say("run", "the reader reported the contact that it could not read, and read the rest");
});
