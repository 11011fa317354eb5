// Packs the built project, and uses the package as its users do:
//   node .ci/check-package.mjs [version of npm …]
//
// 1. Compares the packed files with .ci/package-files.txt.
// 2. For each version of npm, in an empty project: installs the package with nothing else, starts the server with
//    `npx baton serve`, and uses it by the command, by the client as a module and as CommonJS, and compiles a program
//    with the client's types under both ways of resolving modules.
//
// It needs a registry. The versions of npm are installed in a temporary folder, which is removed.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);
const project = resolve(import.meta.dirname, "..");
// Variables of the machine's own npm would change the behavior of the other versions.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_registry$)/i.test(name)),
);
const folder = await mkdtemp(join(tmpdir(), "baton-package-"));

try {
  const tarball = await pack();
  for (const version of process.argv.slice(2)) {
    const npm = await installNpm(version);
    await tryPackage(tarball, npm);
    console.log(`npm ${version}: the package installs, serves and compiles`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Returns the path of the packed file. */
async function pack() {
  // Without scripts, because dist/ is built already.
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await execute("npm", args, { cwd: project, env });
  const [{ filename, files, size }] = JSON.parse(stdout);
  const packed = files.map(({ path }) => path);
  const faults = [...(await unexpected(packed)), ...(await missing(packed))];
  if (faults.length > 0) throw new Error(`The package's files:\n${faults.join("\n")}`);
  console.log(`${packed.length} files, ${Math.round(size / 1024)} KiB, as intended`);
  return join(folder, filename);
}

async function unexpected(packed) {
  const list = await readFile(join(project, ".ci/package-files.txt"), "utf8");
  const lines = list.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const patterns = lines.map((line) => ({
    line,
    matches: new RegExp(`^${line.replaceAll(".", "\\.").replaceAll("*", "[^/]+")}$`),
  }));
  return [
    ...packed
      .filter((path) => !patterns.some(({ matches }) => matches.test(path)))
      .map((path) => `not in the list: ${path}`),
    ...patterns
      .filter(({ matches }) => !packed.some((path) => matches.test(path)))
      .map(({ line }) => `file does not exist: ${line}`),
  ];
}

/** A pattern cannot require each migration and each module of the client, so they are checked here. */
async function missing(packed) {
  const needed = [];
  for (const database of ["sqlite", "postgres"]) {
    const migrations = `prisma/${database}/migrations`;
    for (const entry of await readdir(join(project, migrations), { withFileTypes: true })) {
      if (entry.isDirectory()) needed.push(`${migrations}/${entry.name}/migration.sql`);
    }
  }
  for (const name of await readdir(join(project, "src/client"))) {
    const [, module] = /^(.+)\.ts$/.exec(name) ?? [];
    if (module) needed.push(`dist/client/${module}.js`, `dist/client/${module}.d.ts`);
  }
  return needed.filter((path) => !packed.includes(path)).map((path) => `missing: ${path}`);
}

/** Returns the path of that npm's command. */
async function installNpm(version) {
  const place = await emptyProject(`npm-${version}`);
  // Not by --prefix, with which npm does not read the machine's configuration.
  await execute("npm", ["install", "--no-package-lock", `npm@${version}`], { cwd: place, env });
  return join(place, "node_modules/npm/bin");
}

async function emptyProject(name) {
  const place = await mkdtemp(join(folder, `${name}-`));
  await writeFile(join(place, "package.json"), '{ "private": true }\n');
  return place;
}

/** Installs the package with this npm in an empty project, and uses it. */
async function tryPackage(tarball, npm) {
  const place = await emptyProject("project");
  const run = async (command, args, environment = {}) => {
    const options = { cwd: place, env: { ...env, ...environment } };
    return (await execute(command, args, options)).stdout;
  };
  await run(process.execPath, [join(npm, "npm-cli.js"), "install", "--no-audit", tarball]);

  const serve = ["baton", "serve", "--port", "0", "--data-dir", "data"];
  const server = spawn(process.execPath, [join(npm, "npx-cli.js"), ...serve], {
    cwd: place,
    env,
    stdio: ["ignore", "pipe", "inherit"],
    // npx starts the server as a separate process. Both are ended together.
    detached: true,
  });
  const ended = new Promise((settle) => server.once("exit", settle));
  try {
    const url = await printedUrl(server);
    const token = (await readFile(join(place, "data/local.token"), "utf8")).trim();
    const login = { BATON_URL: url, BATON_TOKEN: token };
    const baton = (...args) =>
      run(process.execPath, [join(npm, "npx-cli.js"), "baton", ...args], login);
    await baton("set", "-n", "handoff", "written-by-the-command", '{"n":12345678901234567890}');
    expectEqual(
      (await baton("get", "-n", "handoff", "written-by-the-command")).replaceAll(/\s/g, ""),
      '{"n":12345678901234567890}',
    );

    expectEqual(await firstToolByMcp(place, npm, login), "baton_get");

    const use = `
      const store = createDataStore({ url: process.env.BATON_URL, token: process.env.BATON_TOKEN });
      const handoff = store.namespace("handoff");
      await handoff.set("written-by-the-client", [1, null]);
      console.log(JSON.stringify(await handoff.get("written-by-the-client")));
      await store.close();
    `;
    const module = `import { createDataStore } from "baton-store/client"; ${use}`;
    const script = `const { createDataStore } = require("baton-store/client"); (async () => { ${use} })();`;
    expectEqual(
      await run(process.execPath, ["--input-type=module", "-e", module], login),
      "[1,null]\n",
    );
    expectEqual(await run(process.execPath, ["-e", script], login), "[1,null]\n");
  } finally {
    process.kill(-server.pid, "SIGTERM");
    await ended;
  }

  await writeFile(
    join(place, "program.mts"),
    `import { createDataStore } from "baton-store/client";
     const store = createDataStore({ url: "http://127.0.0.1", token: "t" });
     const value = await store.namespace<{ k: { n: number } }>("n").get("k");
     // @ts-expect-error Its type is known.
     export const text: string | undefined = value?.n;\n`,
  );
  await writeFile(
    join(place, "program.cts"),
    `import baton = require("baton-store");
     export const store: baton.DataStore = baton.createDataStore({ url: "http://127.0.0.1", token: "t" });\n`,
  );
  for (const kind of ["node16", "nodenext"]) {
    const flags = [
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--lib",
      "es2023,dom",
      "--types",
      "",
    ];
    await run(process.execPath, [
      join(project, "node_modules/typescript/bin/tsc"),
      ...flags,
      "--module",
      kind,
      "program.mts",
      "program.cts",
    ]).catch(({ stdout }) => {
      throw new Error(stdout);
    });
  }
}

/** The first tool that `npx -y baton-store mcp` lists, as docs/mcp.md starts it. */
async function firstToolByMcp(place, npm, login) {
  const args = [join(npm, "npx-cli.js"), "-y", "baton-store", "mcp"];
  const command = spawn(process.execPath, args, {
    cwd: place,
    env: { ...env, ...login },
    stdio: ["pipe", "pipe", "inherit"],
  });
  command.stdin.write('{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n');
  let text = "";
  for await (const chunk of command.stdout) {
    text += chunk;
    if (text.endsWith("\n")) break;
  }
  command.stdin.end();
  return JSON.parse(text).result.tools[0].name;
}

function printedUrl(server) {
  return new Promise((found, failed) => {
    let text = "";
    server.stdout.on("data", (chunk) => {
      text += chunk;
      const [, url] = /API +(http:\S+)\/graphql\n/.exec(text) ?? [];
      if (url) found(url);
    });
    server.once("exit", (code) => failed(new Error(`baton serve ended with ${code}: ${text}`)));
  });
}

function expectEqual(actual, expected) {
  if (actual !== expected) throw new Error(`Expected ${expected}, got ${actual}`);
}
