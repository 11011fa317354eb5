import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { open, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { Config } from "../../config.ts";
import { databaseOf, describePlace, type DatabasePlace } from "../../database/database-place.ts";
import type { Inspection } from "../../database/inspection.ts";
import { spaceToKeep } from "../../database/sqlite/disk-space.ts";
import { StartError } from "../../start-error.ts";
import { configOf } from "../flags/options.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print } from "../terminal/output.ts";
import { SilentEnd } from "../terminal/silent-end.ts";
import { checkConfiguration, checkVariables } from "./check-configuration.ts";
import { checkIdentityProvider } from "./check-identity-provider.ts";
import { checkListening } from "./check-listening.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";

const mebibyte = 1024 ** 2;
/** The recommended free space, as a multiple of the space to keep free. */
const comfortFactor = 16;
const clockDifferenceMs = 1_000;

/**
 * Runs `baton doctor`: every check, even if another one fails. Exits with 1 if one of them failed.
 * @param unknown the variables of the environment that are not Baton's
 */
export async function runDoctor(
  command: Command,
  asJson: boolean,
  unknown: readonly string[],
): Promise<void> {
  const config = configOf(command);
  const place = placeOf(config);
  const findings = (
    await Promise.all([
      checkNode(),
      checkVariables(unknown),
      checkConfiguration(config),
      checkIdentityProvider(config),
      checkListening(config),
      checkFolders(config, place),
      checkDisk(config, place),
      place ? checkDatabase(config, place) : [],
    ])
  ).flat();
  await print(
    asJson
      ? `${JSON.stringify(findings, null, 2)}\n`
      : findings
          .map(({ check, result, message }) => `${result.padEnd(7)}  ${check}: ${message}\n`)
          .join(""),
  );
  if (findings.some(({ result }) => result === "failure")) throw new SilentEnd(exitCodes.absent);
}

/** The database; null if the option that names it is invalid, which `checkConfiguration` reports. */
function placeOf(config: Config): DatabasePlace | null {
  try {
    return databaseOf(config);
  } catch {
    return null;
  }
}

function checkNode(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isSupported = major > 20 || (major === 20 && minor >= 19);
  return [
    isSupported
      ? ok("node", `Node ${process.versions.node}`)
      : failure("node", `Node ${process.versions.node} is too old. Install 20.19 or later.`),
  ];
}

/** The data directory, and the folder of the database where that is another. */
async function checkFolders(config: Config, place: DatabasePlace | null): Promise<Finding[]> {
  const folder = resolve(config.dataDir);
  const findings = await checkFolder("data directory", folder);
  if (place?.kind === "sqlite" && dirname(place.file) !== folder) {
    findings.push(...(await checkFolder("database directory", dirname(place.file))));
  }
  const files = [join(folder, "local.token"), ...(place?.kind === "sqlite" ? [place.file] : [])];
  for (const file of files) findings.push(...(await checkPrivate(file)));
  return findings;
}

/** The permissions of a file that contains a token, or all data. */
async function checkPrivate(file: string): Promise<Finding[]> {
  if (!existsSync(file)) return [];
  // Windows has no such bits.
  const isPrivate = process.platform === "win32" || ((await stat(file)).mode & 0o077) === 0;
  return [
    isPrivate
      ? ok("data directory", `only its owner may read ${file}`)
      : warning("data directory", `Other users may read ${file}. Run: chmod 600 ${file}`),
  ];
}

/** Makes a file in it and removes it: some disks that are read-only say that they can be written. */
async function checkFolder(check: string, folder: string): Promise<Finding[]> {
  if (!existsSync(folder)) return [ok(check, `${folder} does not exist; the first start makes it`)];
  const trial = join(folder, `.baton-doctor-${randomUUID()}`);
  try {
    await (await open(trial, "wx", 0o600)).close();
    await rm(trial);
    return [ok(check, `${folder} can be written`)];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const advice =
      code === "EROFS"
        ? "Its disk is read-only: check the disk, and mount it for writing."
        : code === "ENOSPC"
          ? "Its disk is full: make room on it."
          : "Give this user access to it.";
    return [failure(check, `${folder} cannot be written (${code}). ${advice}`)];
  }
}

async function checkDisk(config: Config, place: DatabasePlace | null): Promise<Finding[]> {
  let folder = place?.kind === "sqlite" ? dirname(place.file) : resolve(config.dataDir);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize, blocks } = await statfs(folder);
  const free = bavail * bsize;
  const kept = spaceToKeep(config.minFreeMebibytes * mebibyte, blocks * bsize);
  const message = `${Math.floor(free / mebibyte)} MiB free at ${folder}`;
  const minimum = `the ${Math.ceil(kept / mebibyte)} MiB to keep free (--min-free-mebibytes)`;
  if (free <= kept && place?.kind === "sqlite") {
    return [
      failure(
        "disk",
        `${message}, less than ${minimum}: only writes that remove data are accepted. Make room on it.`,
      ),
    ];
  }
  const isLittle = free < comfortFactor * kept;
  return [
    isLittle
      ? warning("disk", `${message}, less than ${comfortFactor} times ${minimum}. Make room on it.`)
      : ok("disk", message),
  ];
}

/** Loads only the driver of this database. */
async function inspect(place: DatabasePlace, connections: number): Promise<Inspection> {
  if (place.kind === "sqlite") {
    const { inspectSqlite } = await import("../../database/sqlite/inspect-sqlite.ts");
    return inspectSqlite(place.file);
  }
  const { inspectPostgres } = await import("../../database/postgres/inspect-postgres.ts");
  return inspectPostgres(place.url, connections);
}

async function checkDatabase(config: Config, place: DatabasePlace): Promise<Finding[]> {
  const name = describePlace(place);
  if (place.kind === "sqlite" && !existsSync(place.file)) {
    return [ok("database", `${name} does not exist; the first start makes it`)];
  }
  let found: Inspection;
  try {
    found = await inspect(place, config.postgresConnections);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [failure("database", error.message)];
  }
  const { version, problem, pending, clockAheadMs, warnings } = found;
  return [
    ok("database", `${name}, ${version}`),
    problem === null
      ? ok(
          "migrations",
          pending.length === 0
            ? "none to apply"
            : `the next start applies ${pending.join(", ")}. Make a backup first.`,
        )
      : failure("migrations", problem),
    Math.abs(clockAheadMs) <= clockDifferenceMs
      ? ok("clock", "agrees with the database")
      : warning("clock", clockMessage(place.kind, clockAheadMs)),
    ...warnings.map((message) => warning("database", message)),
  ];
}

function clockMessage(kind: "sqlite" | "postgres", aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  return kind === "sqlite"
    ? `The newest change was made ${seconds} s in the future: this machine's clock was set back. Set it right.`
    : `PostgreSQL's clock is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} this machine's. Synchronise both.`;
}
