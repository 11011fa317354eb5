// Shows the status of each agent of a job, as a table on a terminal, and otherwise as lines:
//   node --import tsx examples/status/monitor.ts <job> [count]
// It ends when the given number of agents are done or dead. Without a count, it runs until it is stopped. Its exit code
// is 1 if one of them died.
import type { Change } from "baton-store/client";
import { agent } from "../agent.ts";
import { statusesOf, type Status, type Statuses } from "./status.ts";
import { Table } from "./table.ts";

const [job = "example", count = "Infinity"] = process.argv.slice(2);

/** The last status of an agent, and whether it has expired. */
type Known = Status & { isDead: boolean };

await agent("monitor", async (store) => {
  const known = new Map<string, Known>();
  const table = process.stdout.isTTY ? new Table(job) : null;

  // The current entries, then the changes: the monitor can start before the agents, after them, or again.
  for await (const change of store.namespace<Statuses>(statusesOf(job)).watch({ snapshot: true })) {
    const line = apply(change, known);
    if (table) table.show(known);
    else if (line) console.log(line);

    const ended = [...known.values()].filter(({ phase, isDead }) => phase === "done" || isDead);
    if (ended.length >= Number(count)) break;
  }
  table?.end();
  if ([...known.values()].some(({ isDead }) => isDead)) process.exitCode = 1;
});

/** Applies a change, and returns its news. A heartbeat without progress is not news. */
function apply(change: Change<Status>, known: Map<string, Known>): string | null {
  switch (change.kind) {
    case "EXISTING":
    case "SET": {
      const { key, entry } = change;
      const before = known.get(key);
      known.set(key, { ...entry.value, isDead: false });
      const { phase, step, steps } = entry.value;
      if (before?.isDead) return `${key} is back: ${phase}, ${step} of ${steps}`;
      return before?.phase === phase ? null : `${key}: ${phase}, ${step} of ${steps}`;
    }
    case "EXPIRED": {
      const last = known.get(change.key);
      if (!last || last.phase === "done") {
        known.delete(change.key); // The agent was done before.
        return null;
      }
      known.set(change.key, { ...last, isDead: true });
      return `${change.key} is silent: it was last seen in ${last.phase}, at ${last.step} of ${last.steps}`;
    }
    case "DELETED":
    case "UNMATCHED":
      known.delete(change.key);
      return `${change.key} was removed`;
    case "NAMESPACE_CLEARED":
      known.clear();
      return "all were removed";
    case "CAUGHT_UP":
      return `watching ${known.size} agents`;
  }
}
