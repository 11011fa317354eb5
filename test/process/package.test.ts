import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { get, set } from "../operations.ts";
import { OtlpReceiver } from "../tracing/otlp-receiver.ts";
import { BatonProcess, temporaryFolder } from "./baton-process.ts";

test("the packed files and the dependencies are enough to serve, with the licenses of bundled code", async () => {
  await using folder = await temporaryFolder();
  // Without scripts, because they build dist/, which other tests use.
  const pack = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const { stdout } = await promisify(execFile)("npm", pack);
  const [packed] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }];
  const place = join(folder.path, "node_modules/baton-store");
  for (const { path } of packed.files) await cp(path, join(place, path));
  const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));
  for (const name of Object.keys(dependencies)) {
    const link = join(place, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(resolve("node_modules", name), link, "junction");
  }
  const data = join(folder.path, "data");
  const args = ["serve", "--port", "0", "--data-dir", data, "--traces", "otlp"];
  await using receiver = await OtlpReceiver.start();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: "20" };
  await using server = new BatonProcess(args, env, undefined, join(place, "dist/cli/baton.js"));
  const [, url = ""] = await server.says(/API +(http:\S+)\/graphql\n/);
  const token = (await readFile(join(data, "local.token"), "utf8")).trim();
  await set({ url, token }, { key: "k", value: 1 });
  expect(await get({ url, token }, "k")).toMatchObject({ value: 1 });
  await receiver.find(({ name }) => name === "mutation setEntry");
  // Each of these loads modules that the start does not load.
  const preflight = { method: "OPTIONS", headers: { origin: "http://other.example" } };
  expect((await fetch(`${url}/graphql`, preflight)).status).toBe(204);
  const page = await fetch(`${url}/graphql`, { headers: { accept: "text/html" } });
  expect(page.status).toBe(200);
  const licenses = await readFile(join(place, "dist/cli/licenses.txt"), "utf8");
  expect(licenses).toMatch(/^graphql 16\.\S+: MIT\n\nMIT License/m);
  expect(licenses).toMatch(/^@graphql-yoga\/render-graphiql 5\.\S+: MIT\n\nMIT License/m);
  expect((await server.kill("SIGTERM")).code).toBe(0);
});

test("the client can be imported and required, from the package and its subpath, as one module of each kind", async () => {
  await using folder = await temporaryFolder();
  const place = join(folder.path, "node_modules/baton-store");
  for (const path of ["package.json", "dist/client"]) {
    await cp(path, join(place, path), { recursive: true });
  }
  const run = async (code: string, ...args: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...args, "-e", code], {
      cwd: folder.path,
    });
    return JSON.parse(stdout) as unknown;
  };
  const shown = `
    const error = new client.TimeoutError("m");
    console.log(JSON.stringify([client === sub || client.DataStore === sub.DataStore, String(error)]));
  `;
  const expected = [true, "TimeoutError [TIMEOUT]: m"];
  const imports = `import * as client from "baton-store"; import * as sub from "baton-store/client";`;
  expect(await run(imports + shown, "--input-type=module")).toEqual(expected);
  // Like in runtimes and test runners in which CommonJS cannot load modules.
  const requires = `const client = require("baton-store"); const sub = require("baton-store/client");`;
  expect(await run(requires + shown, "--no-experimental-require-module")).toEqual(expected);
});

test("the adapters can be imported and required, use the client's classes, and install nothing", async () => {
  await using folder = await temporaryFolder();
  const place = join(folder.path, "node_modules/baton-store");
  for (const path of [
    "package.json",
    "dist/client",
    "dist/adapter",
    "dist/langgraph",
    "dist/sessions",
  ]) {
    await cp(path, join(place, path), { recursive: true });
  }
  const peers = join(folder.path, "node_modules/@langchain");
  await symlink(resolve("node_modules/@langchain"), peers, "junction");
  const shown = `
    const store = client.createDataStore({ url: "http://127.0.0.1:9", retryForMs: 0 });
    const unreached = [
      new langgraph.BatonSaver(store).deleteThread("1"),
      new langgraph.BatonStore(store).get(["a"], "k"),
      new sessions.BatonSession(store).getItems(),
      new sessions.BatonSessionStore(store).listSessions("p"),
    ];
    Promise.all(unreached.map((call) => call.catch((error) => error instanceof client.UnavailableError))).then((all) =>
      console.log(all.join()),
    );
  `;
  const run = async (code: string, ...args: string[]) => {
    const node = [...args, "-e", code + shown];
    const { stdout } = await promisify(execFile)(process.execPath, node, { cwd: folder.path });
    return stdout;
  };
  const imports = `import * as client from "baton-store"; import * as langgraph from "baton-store/langgraph"; import * as sessions from "baton-store/sessions";`;
  expect(await run(imports, "--input-type=module")).toBe("true,true,true,true\n");
  const requires = `const client = require("baton-store"); const langgraph = require("baton-store/langgraph"); const sessions = require("baton-store/sessions");`;
  expect(await run(requires, "--no-experimental-require-module")).toBe("true,true,true,true\n");
  const manifest = JSON.parse(await readFile("package.json", "utf8")) as {
    dependencies: Record<string, string>;
    peerDependenciesMeta: Record<string, unknown>;
  };
  expect(Object.keys(manifest.dependencies).filter((name) => /langchain/.test(name))).toEqual([]);
  expect(manifest.peerDependenciesMeta).toEqual({
    "@langchain/langgraph-checkpoint": { optional: true },
  });
});

test("the package has no script that npm could run, or ask to approve, when it is installed", async () => {
  const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
  const names = ["preinstall", "install", "postinstall", "prepublish", "prepare"];
  expect(Object.keys(scripts).filter((name) => names.includes(name))).toEqual([]);
  expect(scripts.postprepare).toBe("npm run build");
});

test("npm start and npm test build only if a source has changed, or the last build failed", async () => {
  await using folder = await temporaryFolder();
  const write = (path: string, text: string) => writeFile(join(folder.path, path), text);
  await cp("build-if-needed.mjs", join(folder.path, "build-if-needed.mjs"));
  for (const name of ["src", "prisma"]) await mkdir(join(folder.path, name));
  const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
  for (const name of ["prestart", "pretest"])
    expect(scripts[name]).toBe("node build-if-needed.mjs");
  const build = "node -p \"require('./src/a.cjs')\"";
  await write("package.json", JSON.stringify({ scripts: { ...scripts, build } }));
  const run = () =>
    promisify(execFile)(process.execPath, ["build-if-needed.mjs"], { cwd: folder.path }).then(
      ({ stdout }) => /^\d$/m.exec(stdout)?.[0],
      () => "failed",
    );
  await write("src/a.cjs", "module.exports = 1;");
  expect(await run()).toBe("1");
  expect(await run()).toBeUndefined();
  await write("src/a.cjs", "throw new Error();");
  expect(await run()).toBe("failed");
  expect(await readdir(join(folder.path, "dist"))).not.toContain(".built");
});

test("each dependency has a line in docs/dependencies.md, with its licence", async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile("package.json", "utf8"));
  const used = await Promise.all(
    Object.keys({ ...dependencies, ...devDependencies }).map(async (name) => {
      const { license } = JSON.parse(
        await readFile(`node_modules/${name}/package.json`, "utf8"),
      ) as { license: string };
      return `${name} ${license}`;
    }),
  );
  const page = await readFile("docs/dependencies.md", "utf8");
  const listed = [...page.matchAll(/^\| `(\S+)` +\| (\S+) /gm)];
  expect(listed.map(([, name, license]) => `${name} ${license}`).sort()).toEqual(used.sort());
});
