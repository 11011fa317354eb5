// Bundles the command line with the server into dist/cli: a start then opens some 20 files instead of 600. What `tsc`
// wrote to dist is used by those who import single modules: the client, the documentation's generator, benchmarks.
import { chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const folder = join(root, "dist/cli");

/**
 * Packages that the bundle does not contain: those that npm installs with it, because they have native code or
 * WebAssembly or must exist only once, and optional ones.
 */
const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const external = [...Object.keys(dependencies), "bufferutil", "utf-8-validate"];

/** A module in the bundle finds files, such as migrations, from where `tsc` would have put it. */
const ownPlaces = {
  name: "own-places",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const code = await readFile(path, "utf8");
      if (!code.includes("import.meta.url")) return null;
      const place = relative(folder, join(root, "dist", relative(join(root, "src"), path)));
      const url = `new URL(${JSON.stringify(place.replaceAll("\\", "/"))}, import.meta.url).href`;
      return { contents: code.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
};

/** An adapter's bundle loads the client's. */
const sharedClient = {
  name: "shared-client",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/client\/index\.ts$/ }, () => ({
      path: "../../client/commonjs/index.js",
      external: true,
    }));
  },
};

for (const name of await readdir(folder)) {
  if (name.startsWith("chunk-")) await rm(join(folder, name));
}

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/baton.ts"],
  outdir: folder,
  chunkNames: "chunk-[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  external,
  // graphql-js checks less of what our own code gives it.
  define: { "process.env.NODE_ENV": '"production"' },
  // Packages in CommonJS require Node's own modules.
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  },
  legalComments: "none",
  metafile: true,
  plugins: [ownPlaces],
});
// npm makes the command executable when it links it, before a later build replaces the file.
await chmod(join(folder, "baton.js"), 0o755);

// Builds the client a second time, for programs that `require` it where Node, or a test runner such as Jest, supports only
// CommonJS. Its types are in the same folder, so that they count as CommonJS, too.
await bundleForCommonjs("client", []);
// The adapters as well. They share the client, so that a store and its errors are of the same classes.
await bundleForCommonjs("langgraph", ["@langchain/langgraph-checkpoint"]);
await bundleForCommonjs("sessions", []);

/** @param packages those that it takes from its caller */
async function bundleForCommonjs(name, packages) {
  const commonjs = join(root, "dist", name, "commonjs");
  await build({
    absWorkingDir: root,
    entryPoints: [`src/${name}/index.ts`],
    outfile: join(commonjs, "index.js"),
    bundle: true,
    format: "cjs",
    platform: "neutral",
    target: "es2023",
    external: packages,
    plugins: name === "client" ? [] : [sharedClient],
  });
  await writeFile(join(commonjs, "package.json"), '{ "type": "commonjs" }\n');
  if (name === "client") return;
  for (const file of await readdir(join(root, "dist", name))) {
    if (!file.endsWith(".d.ts")) continue;
    const types = await readFile(join(root, "dist", name, file), "utf8");
    await writeFile(
      join(commonjs, file),
      types
        .replaceAll('"../client/index.ts"', '"../../client/commonjs/index.ts"')
        .replaceAll('"../adapter/', '"../../adapter/'),
    );
  }
}

const graphiql = await writeGraphiql();
await writeFile(
  join(folder, "licenses.txt"),
  await licensesOf([...Object.keys(metafile.inputs), graphiql]),
);

/**
 * Writes the parts of GraphiQL as files, as the server sends them. Its package has them as strings in a module.
 * @returns the path of the module
 */
async function writeGraphiql() {
  const require = createRequire(import.meta.url);
  const path = require.resolve("@graphql-yoga/render-graphiql/graphiql");
  const parts = require(path);
  const files = {
    "app.js": parts.js,
    "app.css": parts.css,
    "editor-worker.js": parts.editorWorkerService,
    "graphql-worker.js": parts.graphqlWorker,
    "json-worker.js": parts.jsonWorker,
  };
  const place = join(root, "dist/graphiql");
  await mkdir(place, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(place, name), text);
  return relative(root, path).replaceAll("\\", "/");
}

/** The licenses of the packages that the bundle has copies of. */
async function licensesOf(files) {
  const found = files.flatMap(
    (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  const texts = [...new Set(found)].toSorted().map(async (path) => {
    const { name, version, license } = JSON.parse(await readFile(join(path, "package.json")));
    const file = (await readdir(path)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : `\n${await readFile(join(path, file), "utf8")}`;
    return `${name} ${version}: ${license}\n${text}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n`);
}
