// Jobs that are done, one that is taken up again, and one whose worker is killed. Three janitors: one is killed, and
// two run at the same time: node --import tsx examples/clean-up/run.ts
import assert from "node:assert/strict";
import { AgentProcess, play, say } from "../agent-process.ts";
import { jobOf, jobPrefix, resultsOf } from "./job.ts";

await play(async (store) => {
  const run = `run-${Date.now()}`;
  const prefix = `${jobPrefix}${run}-`;
  const jobs = async () => {
    const namespaces = await store.namespaces({ namespacePrefix: prefix });
    return namespaces.map(({ name }) => name.slice(prefix.length));
  };
  const worker = (id: string, ...args: string[]) =>
    new AgentProcess(id, new URL("worker.ts", import.meta.url), [`${run}-${id}`, ...args]);
  const janitor = (name: string) => {
    const args = ["--done-for", "0", "--prefix", prefix];
    return new AgentProcess(name, new URL("janitor.ts", import.meta.url), args);
  };

  const done = Array.from(
    { length: 20 },
    (_, index) => `done-${String(index + 1).padStart(2, "0")}`,
  );
  for (const id of done) {
    await store.transact((t) => {
      t.in(jobOf(store, `${run}-${id}`)).set("chunk:1", { words: 100 });
      t.in(jobOf(store, `${run}-${id}`)).set("meta", { state: "done", worker: "run" });
      t.in(resultsOf(store)).set(`${run}-${id}`, { words: 100, chunks: 1 });
    });
  }
  const abandoned = worker("abandoned", "999", "4");
  const again = worker("done-07", "999");
  await abandoned.said(`${run}-abandoned: chunk:2`);
  await abandoned.kill();
  await again.said(`${run}-done-07: chunk:2`);
  say("run", "20 jobs are done, but one of them was taken up again; killed the worker of another");

  const first = janitor("janitor-1");
  await first.said("cleared", 3);
  await first.kill();
  say("run", `killed a janitor; ${(await jobs()).length} jobs are left, and two janitors start`);
  const two = [janitor("janitor-2"), janitor("janitor-3")];
  assert.deepEqual(await Promise.all(two.map(({ exit }) => exit)), [0, 0]);
  assert.deepEqual(await jobOf(store, `${run}-done-07`).get("chunk:1"), { words: 100 });

  say("run", "the entries of the killed worker expire");
  const left = jobOf(store, `${run}-abandoned`);
  for await (const { entry } of left.watch({ snapshot: true })) {
    if (!entry && !(await left.info())) break;
  }
  assert.deepEqual(await jobs(), ["done-07"]);
  const results = await resultsOf(store).getMany(done.map((id) => `${run}-${id}`));
  assert.equal(Object.keys(results).length, done.length);
  say("run", `only ${(await jobs()).join()} is left, which is in progress; all results are kept`);
  assert.equal(await again.kill("SIGTERM"), 0);
});
