// Finds text in a stored repository, like grep, with its exit codes 0, 1 (not found) and 2 (failed):
//   node --import tsx examples/repository-ingestion/find.ts <text> [folder] [--name name]
import { agent } from "../agent.ts";
import { repositoryArguments, type Repository } from "./repository.ts";

const { positionals, repositoryOf } = repositoryArguments();
const [text, folder] = positionals;
const { namespace } = repositoryOf(folder);
if (!text) {
  console.error("Say what to find: find.ts <text> [folder] [--name name]");
  process.exit(2);
}
// Whoever reads may have enough, as `head` does.
process.stdout.on("error", () => process.exit());

await agent("find", async (store) => {
  process.exitCode = 1;
  for await (const { key, value } of store.namespace<Repository>(namespace).entries()) {
    if (!("text" in value)) continue;
    for (const [index, line] of value.text.split(/\r?\n/).entries()) {
      if (!line.includes(text)) continue;
      console.log(`${key}:${index + 1}: ${line}`);
      process.exitCode = 0;
    }
  }
});
