// @ts-nocheck: served to a browser together with the bundled client.
import { ConflictError, createDataStore } from "./client.mjs";

/** The calls of a page that loads the client. */
export async function run(options) {
  const store = createDataStore({ ...options, agent: "Browser größe" });
  const tasks = store.namespace("tasks");
  await tasks.set("task:1", { n: 1 });
  const changes = [];
  for await (const { kind, key, entry } of tasks.watch({ snapshot: true })) {
    changes.push([kind, key, entry?.updatedBy ?? null]);
    if (kind === "CAUGHT_UP") await (await tasks.claim()).complete("done");
    if (kind === "SET") break;
  }
  const conflict = await tasks.set("task:1", 2, { ifRevision: "0" }).catch((error) => error);
  const { value } = await tasks.waitFor("task:1");
  store.close();
  return { changes, isConflict: conflict instanceof ConflictError, value };
}
