import { readFile, writeFile } from "node:fs/promises";

/** Replaces the text between two lines of a page, and leaves the rest of the page unchanged. */
export async function rewriteBetween(page, begin, end, written) {
  const text = await readFile(page, "utf8");
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined)
    throw new Error(`${page.pathname} must have the lines ${begin} and ${end}.`);
  await writeFile(page, `${before}${begin}\n\n${written}\n\n${end}${after}`);
}
