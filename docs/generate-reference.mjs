// Writes docs/reference/*.md from the code that the build wrote to dist/.
//
//   node docs/generate-reference.mjs            writes the pages
//   node docs/generate-reference.mjs --check    fails if they differ from the code

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "oxfmt";
import { createProgram } from "../dist/cli/program.js";
import { describeCommands } from "./describe-commands.mjs";
import { describeSdk } from "./describe-sdk.mjs";

// The reference names the variable that counts. A shell can set these.
delete process.env.HOST;
delete process.env.PORT;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { printWidth } = JSON.parse(readFileSync(join(root, ".oxfmtrc.json"), "utf8"));

/** Formats like `npm run format`, so that pages pass its check. */
async function formatAs(fileName, text) {
  const { code, errors } = await format(fileName, text, { printWidth });
  if (errors.length > 0) throw new Error(`${errors[0].message}: ${text}`);
  return code;
}

const pages = {
  "sdk.md": () =>
    describeSdk("SDK reference", join(root, "dist/client/index.d.ts"), (code) =>
      formatAs("code.ts", code),
    ),
  "cli.md": () => describeCommands("CLI reference", createProgram()),
};

const isCheck = process.argv.includes("--check");
for (const [name, describe] of Object.entries(pages)) {
  const file = join(root, "docs", "reference", name);
  try {
    const note = "<!-- Written by npm run docs from the code: edit the comments there. -->";
    const page = await formatAs(name, `${note}\n\n${await describe()}`);
    if (!isCheck) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, page);
    } else if (readIfThere(file) !== page) {
      throw new Error(`docs/reference/${name} differs from the code: run npm run docs.`);
    }
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** With the line ends that Git has possibly changed. */
function readIfThere(file) {
  try {
    return readFileSync(file, "utf8").replaceAll("\r\n", "\n");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
