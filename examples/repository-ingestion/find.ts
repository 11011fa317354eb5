// Finds text in a stored repository, like grep, with its exit codes 0, 1 (not found) and 2 (failed):
//   node --import tsx examples/repository-ingestion/find.ts <text> [folder] [--name name]
import { agent } from "../agent.ts";
import { repositoryArguments, type StoredFile } from "./repository.ts";

const { positionals, repositoryOf } = repositoryArguments();
const [text, folder] = positionals;
const { namespace } = repositoryOf(folder);
if (!text) {
  console.error("Usage: find.ts <text> [folder] [--name name]");
  process.exit(2);
}
// The reader of the output can stop early, as `head` does.
process.stdout.on("error", () => process.exit());

await agent("find", async (store) => {
  process.exitCode = 1;
  const files = new Map<string, StoredFile>();
  for await (const { entry } of store.search(text, { namespacePrefix: namespace })) {
    // The name of another repository can begin with this one's name.
    if (entry.namespace === namespace) files.set(entry.key, entry.value as StoredFile);
  }
  // Results are sorted by their last write. The output is sorted by file.
  for (const [path, file] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!("text" in file)) continue; // The path contains the text.
    for (const [index, line] of file.text.split(/\r?\n/).entries()) {
      if (!line.includes(text)) continue;
      console.log(`${path}:${index + 1}: ${line}`);
      process.exitCode = 0;
    }
  }
});
