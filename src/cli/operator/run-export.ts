import type { Command } from "commander";
import type { Database } from "../../store/contract.ts";
import { checkNamespacePrefix, checkUser } from "../../store/model/limits.ts";
import { prefixed } from "../../store/model/text-match.ts";
import { exportStore } from "../../transfer/export-store.ts";
import { configOf } from "../flags/options.ts";
import { Interruption } from "../terminal/interruption.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { openOutput, type ExportFlags, type Output } from "./export-output.ts";
import { checkFlags, withDatabase } from "./with-database.ts";

/** Runs `baton export`. */
export async function runExport(command: Command): Promise<void> {
  const config = configOf(command);
  const flags = command.opts<ExportFlags>();
  checkFlags(command, () => {
    checkUser(config, "--user", flags.user);
    checkNamespacePrefix(config, "--namespace-prefix", flags.namespacePrefix);
  });
  if (flags.resume && flags.output === undefined) {
    command.error("error: --resume needs the --output of the interrupted export");
  }
  await withDatabase(command, true, async (database, place) => {
    await using output = await openOutput(flags);
    if (output.sequence.end === null) await writeAll(database, flags, output);
    const { existing, changes, end } = output.sequence;
    process.stderr.write(
      `${existing} entries and ${changes} changes of user ${flags.user} from ${place}: ` +
        `its store as of revision ${end?.revision}.\n`,
    );
  });
}

async function writeAll(database: Database, flags: ExportFlags, output: Output): Promise<void> {
  const { user, namespacePrefix } = flags;
  const bar = new ProgressBar();
  const usage = await database.readUsage(user, [prefixed(namespacePrefix)]);
  using interruption = new Interruption();
  try {
    for await (const text of exportStore(database, { user, namespacePrefix }, output.sequence)) {
      await output.write(text);
      bar.show("Exporting", output.sequence.existing, usage.entryCount);
      interruption.check(() => output.howToGoOn);
    }
    await output.finish();
  } finally {
    bar.clear();
  }
}
