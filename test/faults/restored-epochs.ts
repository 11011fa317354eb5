import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { query, refusal } from "../client.ts";
import { set } from "../operations.ts";
import { serveProcess, temporaryFolder } from "../process/baton-process.ts";
import { startOwnPostgres } from "../process/own-postgres.ts";

const execute = promisify(execFile);
const restores = 2;

/**
 * Repeatedly restores a dump into a new PostgreSQL, writes to it, and dumps it. Each restored store must have a new epoch.
 * Returns the figures; null if Debian's PostgreSQL is not installed.
 */
export async function restoredEpochs(): Promise<string | null> {
  const binariesFolder = findPrograms();
  if (binariesFolder === null) return null;
  await using folder = await temporaryFolder();
  const dump = join(folder.path, "baton.dump");
  const epochs: string[] = [];
  let last = { after: "0", epoch: "" };
  for (let turn = 0; turn <= restores; turn++) {
    await using postgres = await startOwnPostgres({ binariesFolder });
    await using own = await postgres.createDatabase();
    if (turn > 0) {
      const into = ["--no-owner", "--single-transaction", "--dbname", own.url, dump];
      await execute(join(binariesFolder, "pg_restore"), into);
    }
    await using server = await serveProcess(folder.path, ["--database-url", own.url]);
    const { epoch } = (await query(server, "{ viewer { epoch } }")).viewer;
    if (epochs.includes(epoch)) {
      throw new Error(`Restore ${turn} has the epoch ${epoch} of ${epochs.indexOf(epoch)}.`);
    }
    if (turn > 0) {
      const changes =
        "query ($after: Revision!, $epoch: String!) { changes(after: $after, epoch: $epoch) { nodes { revision } } }";
      const { extensions } = await refusal(query(server, changes, last));
      if (extensions.reason !== "EPOCH") throw new Error(JSON.stringify(extensions));
    }
    epochs.push(epoch);
    const { revision } = await set(server, { key: "turn", value: turn });
    last = { after: revision, epoch };
    const from = ["--format", "custom", "--file", dump, own.url];
    await execute(join(binariesFolder, "pg_dump"), from);
  }
  return `${restores} × restored into a new PostgreSQL: ${epochs.length} different epochs`;
}

/** Finds the server and the tools of Debian's packages, which must have the same version. */
function findPrograms(): string | null {
  const versions = "/usr/lib/postgresql";
  if (!existsSync(versions)) return null;
  const folders = readdirSync(versions).map((version) => join(versions, version, "bin"));
  const isWhole = (folder: string) =>
    ["initdb", "postgres", "pg_dump", "pg_restore"].every((name) => existsSync(join(folder, name)));
  return folders.find(isWhole) ?? null;
}
