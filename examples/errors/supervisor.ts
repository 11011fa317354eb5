// Shows the errors of every job or of one job, until it is stopped:
//   node --import tsx examples/errors/supervisor.ts [job]
import { agent } from "../agent.ts";
import { errorsPrefix, type DeadLetters, type Failure } from "./outcome.ts";

const [job] = process.argv.slice(2);
const namespacePrefix = job === undefined ? errorsPrefix : `${errorsPrefix}${job}:`;

await agent("supervisor", async (store) => {
  for await (const change of store.watch({ namespacePrefix, snapshot: true })) {
    if (change.kind === "CAUGHT_UP") console.log(`watching ${namespacePrefix}*`);
    if (!change.entry) continue;
    if (change.namespace.endsWith(":dead-letters")) {
      const { error } = change.entry.value as DeadLetters["task:"];
      console.log(`${change.namespace} ${error.task} is given up: ${error.message}`);
    } else {
      const { task, agent: who, attempt, message } = change.entry.value as Failure;
      console.log(
        `${change.namespace} ${task} failed for ${who} at attempt ${attempt}: ${message}`,
      );
    }
  }
});
