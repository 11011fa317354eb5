import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { databaseOf, describePlace, type Config } from "../../config.ts";
import { StartError } from "../../start-error.ts";
import { checkAgent } from "../../store/model/limits.ts";
import { everything } from "../../store/model/text-match.ts";
import {
  discardImport,
  importStore,
  wholeFile,
  type ImportFile,
} from "../../transfer/import-store.ts";
import { readExport } from "../../transfer/read-export.ts";
import { Interruption } from "../terminal/interruption.ts";
import { configOf } from "../flags/options.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { asUsage, useDatabase } from "./with-database.ts";

// What `baton import` does, in a file of its own: the database is loaded for those who use it.

/** What it was given. */
interface ImportFlags {
  readonly user: string;
  readonly discard?: true;
}

export async function runImport(command: Command): Promise<void> {
  const config = configOf(command);
  const { user, discard } = command.opts<ImportFlags>();
  const [file] = command.args;
  asUsage(command, () => checkAgent(config, "--user", user));
  if (discard) {
    if (file !== undefined) command.error("error: --discard takes no file");
    await useDatabase(config, true, (database) => discardImport(database, user));
    process.stderr.write(`The store of user ${user} is empty, as before the import.\n`);
  } else {
    if (file === undefined || file === "-") {
      command.error("error: missing the file to import, which is read twice");
    }
    await importFile(config, user, file);
  }
}

async function importFile(config: Config, user: string, file: string): Promise<void> {
  const bar = new ProgressBar();
  using interruption = new Interruption();
  try {
    // Before there is a database: nothing is written unless all of it can be.
    const whole = await check(file, bar, interruption);
    await useDatabase(config, false, async (database) => {
      const expiredCount = await importStore(database, user, whole, {
        onBatch: (lines) => bar.show("Importing", lines, whole.lineCount),
        checkStop: (lines) =>
          interruption.check(
            () =>
              `${lines} of ${whole.lineCount} lines are done, and until all are, user ${user} can't write. ` +
              "The same command goes on; --discard takes it back.",
          ),
      });
      const { entryCount } = await database.readUsage(user, [everything]);
      bar.clear();
      process.stderr.write(
        `${entryCount} entries are in the store of user ${user} in ${describePlace(databaseOf(config))}: ` +
          `revision ${whole.end.revision} of the file. ${expiredCount} had expired.\n`,
      );
    });
  } finally {
    bar.clear();
  }
}

/** @throws StartError unless the file is whole */
async function check(
  file: string,
  bar: ProgressBar,
  interruption: Interruption,
): Promise<ImportFile> {
  const found = await stat(file).catch((error: Error) => {
    throw new StartError(`${file} can't be read: ${error.message}`);
  });
  if (!found.isFile()) {
    throw new StartError(`${file} is no file. An import reads it twice: a pipe can't be.`);
  }
  const { size } = found;
  const read = await readExport(file, (bytes) => {
    bar.show("Checking ", bytes, size);
    interruption.check(() => "Nothing was written.");
  });
  return wholeFile(file, read);
}
