// Writes the Prisma schema of every database, and generates its client in src/database/generated/<database>. Does nothing if
// the client is up to date. It needs no network.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { providers, writeSchema } from "./write-schema.mjs";

const prismaFolder = dirname(fileURLToPath(import.meta.url));
const root = dirname(prismaFolder);
const require = createRequire(import.meta.url);

/** Returns the package.json of an installed package, with its folder; undefined if it is not installed. */
function findPackage(name) {
  try {
    const path = require.resolve(`${name}/package.json`);
    return { folder: dirname(path), ...JSON.parse(readFileSync(path, "utf8")) };
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

const cli = findPackage("prisma");
// A production install can lack the CLI. Both packages have the same version.
const version = (cli ?? findPackage("@prisma/client"))?.version;

/** Runs `prisma generate` for one schema. Returns its output if it failed. */
function generate(schema) {
  const run = spawnSync(
    process.execPath,
    [join(cli.folder, cli.bin.prisma), "generate", "--no-hints", "--schema", schema],
    {
      cwd: root,
      encoding: "utf8",
      env: {
        // Prisma does not use the schema engine to generate, but downloads it unless this names a file.
        // It is set only for this process, because Prisma's migrate commands do not work with it.
        PRISMA_SCHEMA_ENGINE_BINARY: join(root, "package.json"),
        PRISMA_HIDE_UPDATE_MESSAGE: "1",
        CHECKPOINT_DISABLE: "1",
        ...process.env,
      },
    },
  );
  if (run.status === 0) return undefined;
  return `${run.stdout ?? ""}${run.stderr ?? ""}${run.error ?? ""}`;
}

for (const database of Object.keys(providers)) {
  const { file: schema } = writeSchema(database);
  const output = join(root, "src", "database", "generated", database);
  const stampFile = join(output, ".stamp");
  const stamp = `${version} ${createHash("sha256").update(readFileSync(schema)).digest("hex")}\n`;
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) continue;

  if (cli === undefined) {
    console.error(`The client of prisma/${database} cannot be generated. Run npm install first.`);
    process.exit(1);
  }
  rmSync(stampFile, { force: true });
  const failure = generate(schema);
  if (failure !== undefined) {
    console.error(failure);
    process.exit(1);
  }
  if (!existsSync(output)) {
    console.error(`prisma/${database}/schema.prisma must set its generator's output to ${output}`);
    process.exit(1);
  }
  writeFileSync(stampFile, stamp);
}
