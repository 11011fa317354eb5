// @ts-check
// Finds text in a stored repository, like grep, with its exit codes 0, 1 (not found) and 2 (failed):
//   node examples/repository-ingestion/find.mjs <text> [folder] [--name name]
import { parseArgs } from "node:util";
import { connect, fail } from "../baton-client.mjs";
import { listEntries, repositoryOf } from "./repository.mjs";

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { name: { type: "string" } },
  });
  const [text, folder] = positionals;
  if (!text) return fail("Say what to find: find.mjs <text> [folder] [--name name]");
  const { namespace } = repositoryOf(folder, values.name);
  const baton = await connect("find");

  process.exitCode = 1;
  for await (const { key, value } of listEntries(baton, namespace, "key value")) {
    for (const [index, line] of (value?.text ?? "").split(/\r?\n/).entries()) {
      if (!line.includes(text)) continue;
      console.log(`${key}:${index + 1}: ${line}`);
      process.exitCode = 0;
    }
  }
}

// Whoever reads may have enough, as `head` does.
process.stdout.on("error", () => process.exit());
main().catch(fail);
