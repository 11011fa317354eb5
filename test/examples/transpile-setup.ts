import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder with the examples as JavaScript. It links everything that they import. */
    readonly examplesFolder: string;
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Compiles the examples to JavaScript once. With `--import tsx`, each process would compile them again. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "baton-examples-"));
  // Links to the package: its name resolves to the client, and relative paths to the folders next to the examples.
  for (const name of await readdir(root)) {
    if (name !== "examples") await symlink(join(root, name), join(folder, name));
  }
  const examplesFolder = join(folder, "examples");
  await transpile(examplesFolder);
  project.provide("examplesFolder", examplesFolder);
  project.onTestsRerun(() => transpile(examplesFolder));
  return () => rm(folder, { recursive: true });
}

async function transpile(to: string): Promise<void> {
  const from = join(root, "examples");
  const paths = await readdir(from, { recursive: true });
  const programs = paths.filter((path) => /(?<!\.d)\.ts$/.test(path));
  await Promise.all(
    programs.map(async (path) => {
      const source = await readFile(join(from, path), "utf8");
      const { code } = await transform(source, { loader: "ts", target: "node20" });
      const file = join(to, path.replace(/\.ts$/, ".js"));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, code.replaceAll(/\.ts(?=["`])/g, ".js"));
    }),
  );
}
