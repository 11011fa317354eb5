import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { StartError } from "../../start-error.ts";
import type { Maintenance } from "../../store/contract.ts";
import { checkUser } from "../../store/model/limits.ts";
import { everything } from "../../store/model/text-match.ts";
import { discardImport, importStore } from "../../transfer/import-store.ts";
import { readExport, unreadable } from "../../transfer/read-export.ts";
import { wholeFile, type WholeFile } from "../../transfer/whole-file.ts";
import { configOf } from "../flags/options.ts";
import { Interruption } from "../terminal/interruption.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { checkFlags, withDatabase } from "./with-database.ts";

interface ImportFlags {
  readonly user: string;
  readonly discard?: true;
}

/** Runs `baton import`. */
export async function runImport(command: Command): Promise<void> {
  const { user, discard } = command.opts<ImportFlags>();
  const [file] = command.args;
  checkFlags(command, () => checkUser(configOf(command), "--user", user));
  if (discard) {
    if (file !== undefined) command.error("error: --discard does not accept a file");
    await withDatabase(command, true, (database) => discardImport(database, user));
    process.stderr.write(`The store of user ${user} is empty again, as before the import.\n`);
  } else {
    if (file === undefined || file === "-") {
      command.error(
        "error: missing the file to import; it is read twice, so standard input is not accepted",
      );
    }
    await importFile(command, user, file);
  }
}

async function importFile(command: Command, user: string, file: string): Promise<void> {
  const bar = new ProgressBar();
  using interruption = new Interruption();
  try {
    // The file is checked before a database is opened or created: either all of it can be written, or nothing is.
    const whole = await check(file, bar, interruption);
    await withDatabase(command, false, async (database, place) => {
      await requireSpace(database, "Free space, and rerun the command.");
      const expiredCount = await importStore(database, user, whole, {
        onBatch: (lines) => bar.show("Importing", lines, whole.lineCount),
        checkStop: async (lines) => {
          const howToGoOn =
            `${lines} of ${whole.lineCount} lines are imported. User ${user} cannot write until all are. ` +
            "Rerun the command to resume, or use --discard to undo the import.";
          interruption.check(() => howToGoOn);
          await requireSpace(database, howToGoOn);
        },
      });
      const { entryCount } = await database.readUsage(user, [everything]);
      bar.clear();
      process.stderr.write(
        `${entryCount} entries are in the store of user ${user} in ${place}: ` +
          `revision ${whole.end.revision} of the file. ${expiredCount} had expired.\n`,
      );
    });
  } finally {
    bar.clear();
  }
}

/**
 * The space that is kept free is for writes that remove data: see `DiskSpace`.
 * @throws StartError if the disk is low
 */
async function requireSpace(database: Maintenance, howToGoOn: string): Promise<void> {
  const { isLow } = await database.watchDisk();
  if (isLow) throw new StartError(`The disk is nearly full. ${howToGoOn}`);
}

/** @throws StartError if the file is incomplete */
async function check(
  file: string,
  bar: ProgressBar,
  interruption: Interruption,
): Promise<WholeFile> {
  const found = await stat(file).catch((error: Error) => {
    throw unreadable(file, error);
  });
  if (!found.isFile()) {
    throw new StartError(
      `${file} is not a regular file. An import reads it twice, which a pipe does not allow.`,
    );
  }
  const { size } = found;
  const read = await readExport(file, (bytes) => {
    bar.show("Checking ", bytes, size);
    interruption.check(() => "Nothing was written.");
  });
  return wholeFile(file, read);
}
