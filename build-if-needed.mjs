// Lets `npm start`, `npm test` and `npm run demo` build only what is not built:
//
//   node build-if-needed.mjs          builds, unless the last build was of these sources
//   node build-if-needed.mjs begin    npm runs it before a build
//   node build-if-needed.mjs end      npm runs it after a build that succeeded
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const root = import.meta.dirname;
const built = join(root, "dist/.built");
const building = join(root, "dist/.building");
/** What a build writes among the sources. */
const generated = /^src\/database\/generated\b|^prisma\/\w+\/schema\.prisma$/;

switch (process.argv[2]) {
  case "begin":
    mkdirSync(join(root, "dist"), { recursive: true });
    rmSync(built, { force: true });
    writeFileSync(building, hashOfSources());
    break;
  case "end":
    renameSync(building, built);
    break;
  default:
    if (existsSync(built) && readFileSync(built, "utf8") === hashOfSources()) break;
    process.exitCode =
      spawnSync("npm run build", { cwd: root, shell: true, stdio: "inherit" }).status ?? 1;
}

/** The contents count, not the times, which an unpacked archive can set to anything. */
function hashOfSources() {
  const hash = createHash("sha256").update(process.version);
  const files = readdirSync(root).filter((name) => /\.(?:mjs|json)$/.test(name));
  for (const folder of ["prisma", "src"]) {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile())
        files.push(
          join(entry.parentPath, entry.name)
            .slice(root.length + 1)
            .replaceAll("\\", "/"),
        );
    }
  }
  for (const file of files.filter((name) => !generated.test(name)).sort()) {
    hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}
