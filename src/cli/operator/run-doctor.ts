import { constants, existsSync } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { databaseOf, describePlace, type Config } from "../../config.ts";
import type { Inspection } from "../../database/inspection.ts";
import { inspectPostgres } from "../../database/postgres/inspect-postgres.ts";
import { inspectSqlite } from "../../database/sqlite/inspect-sqlite.ts";
import { StartError } from "../../start-error.ts";
import { configOf } from "../flags/options.ts";
import { exitCodes } from "../terminal/exit-codes.ts";
import { print } from "../terminal/output.ts";

/** What one check found. A failure keeps a server from serving, or is about to. */
interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "failure";
  readonly message: string;
}

const lowDiskBytes = 1024 ** 3;
const fullDiskBytes = 64 * 1024 ** 2;
const clockDifferenceMs = 1_000;
const healthTimeoutMs = 3_000;

/** Runs `baton doctor`: every check, whatever the others find. Exits with 1 if one of them failed. */
export async function runDoctor(command: Command, asJson: boolean): Promise<void> {
  const config = configOf(command);
  const findings = (
    await Promise.all([
      checkNode(),
      checkListening(config),
      checkFolder(config),
      checkDisk(config),
      checkDatabase(config),
      checkServer(config),
    ])
  ).flat();
  await print(
    asJson
      ? `${JSON.stringify(findings, null, 2)}\n`
      : findings
          .map(({ check, result, message }) => `${result.padEnd(7)}  ${check}: ${message}\n`)
          .join(""),
  );
  if (findings.some(({ result }) => result === "failure")) process.exitCode = exitCodes.absent;
}

const ok = (check: string, message: string): Finding => ({ check, result: "ok", message });
const warning = (check: string, message: string): Finding => ({
  check,
  result: "warning",
  message,
});
const failure = (check: string, message: string): Finding => ({
  check,
  result: "failure",
  message,
});

function checkNode(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isSupported = major > 20 || (major === 20 && minor >= 19);
  return [
    isSupported
      ? ok("node", `Node ${process.versions.node}`)
      : failure("node", `Node ${process.versions.node} is too old. Install 20.19 or later.`),
  ];
}

function checkListening({ host }: Config): Finding[] {
  const isLocal = ["127.0.0.1", "::1", "localhost"].includes(host);
  return isLocal
    ? [ok("address", `listens on ${host}, for this machine only`)]
    : [
        warning(
          "address",
          `listens on ${host}, for other machines too. Encrypt the way to it, or tokens can be read on it.`,
        ),
      ];
}

async function checkFolder({ dataDir }: Config): Promise<Finding[]> {
  const folder = resolve(dataDir);
  const check = "data directory";
  if (!existsSync(folder)) return [ok(check, `${folder} does not exist; the first start makes it`)];
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return [failure(check, `${folder} can't be written. Give this user access to it.`)];
  }
  const token = join(folder, "local.token");
  if (!existsSync(token)) return [ok(check, `${folder} can be written; it has no local.token`)];
  // Windows has no such bits.
  const isPrivate = process.platform === "win32" || ((await stat(token)).mode & 0o077) === 0;
  return isPrivate
    ? [ok(check, `${folder} can be written; only its owner may read local.token`)]
    : [warning(check, `Other users may read ${token}. Run: chmod 600 ${token}`)];
}

async function checkDisk(config: Config): Promise<Finding[]> {
  const place = databaseOf(config);
  let folder = place.kind === "sqlite" ? dirname(place.file) : resolve(config.dataDir);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const message = `${Math.round(free / 1024 ** 2)} MiB free at ${folder}`;
  if (free < fullDiskBytes) return [failure("disk", `${message}. Make room.`)];
  return [free < lowDiskBytes ? warning("disk", `${message}. Make room.`) : ok("disk", message)];
}

async function checkDatabase(config: Config): Promise<Finding[]> {
  const place = databaseOf(config);
  const name = describePlace(place);
  if (place.kind === "sqlite" && !existsSync(place.file)) {
    return [ok("database", `${name} does not exist; the first start makes it`)];
  }
  let found: Inspection;
  try {
    found =
      place.kind === "sqlite"
        ? await inspectSqlite(place.file)
        : await inspectPostgres(place.url, config.postgresConnections);
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

/** Whether a server is ready where this configuration would put it. */
async function checkServer({ host, port }: Config): Promise<Finding[]> {
  if (port === 0) return [];
  const target = ["0.0.0.0", "::"].includes(host) ? "127.0.0.1" : host;
  const url = `http://${target.includes(":") ? `[${target}]` : target}:${port}`;
  try {
    const response = await fetch(`${url}/health/ready`, {
      signal: AbortSignal.timeout(healthTimeoutMs),
    });
    const { status, reason } = (await response.json()) as { status?: string; reason?: string };
    if (response.ok && status === "ready") return [ok("server", `ready at ${url}`)];
    return [
      failure("server", `not ready at ${url}: ${reason ?? `it answered ${response.status}`}`),
    ];
  } catch {
    return [ok("server", `none answers at ${url}`)];
  }
}
