// Checks that the store is linearizable while its servers are killed and cut off:
//
//   node test/linearizability/run.mjs [operations on each database, 20000 by default]
//
// 1. Builds the checker, which uses Porcupine. It needs Go 1.18 or later and a proxy of Go modules.
// 2. On SQLite and on PostgreSQL: records a history and checks it.
// 3. Records shorter histories with a fault injected, which the checker must find.
//
// Exits with 1 if a check fails, and with 77 if the checker cannot be built. Build the server first.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const cannotBuild = 77;
const operations = Number(process.argv[2] ?? 20_000);
const injectedOperations = 3_000;
const root = import.meta.dirname;
const folder = await mkdtemp(join(tmpdir(), "baton-linearizability-"));
const checker = join(folder, "checker");

try {
  const isBuilt = (await run("go", ["build", "-o", checker, "."], join(root, "checker"))) === 0;
  process.exitCode = isBuilt ? await checkAll() : cannotBuild;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function checkAll() {
  let failed = 0;
  for (const database of ["sqlite", "postgres"]) {
    failed += Number((await check(database, operations)) !== 0);
  }
  for (const fault of ["stale-read", "lost-write"]) {
    const isFound = (await check("sqlite", injectedOperations, fault)) === 1;
    console.log(isFound ? `found the ${fault}` : `MISSED the ${fault}`);
    failed += Number(!isFound);
  }
  return failed === 0 ? 0 : 1;
}

/** Records a history and checks it. Returns the checker's exit code. */
async function check(database, count, ...fault) {
  const history = join(folder, `${database}.jsonl`);
  const record = ["--import", "tsx", join(root, "record.ts"), database, String(count), history];
  const code = await run(process.execPath, [...record, ...fault]);
  return code === 0 ? run(checker, [history]) : 2;
}

async function run(command, args, cwd) {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await Promise.race([
    once(child, "exit"),
    once(child, "error").then(([error]) => {
      console.error(error.message);
      return [1];
    }),
  ]);
  return code ?? 1;
}
