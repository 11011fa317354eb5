// Stage 2, page → outline: node --import tsx examples/pipeline/extract.ts
import { stage } from "./stage.ts";

await stage("extract", "page", "outline", async ({ url, text }) => {
  const parts = text.split(/^#+ /m).slice(1); // The text before the first heading is not a section.
  const sections = parts.map((part) => {
    const [title = "", ...lines] = part.split("\n");
    return { title, text: lines.join("\n").trim() };
  });
  if (sections.length === 0) throw new Error(`${url} has no headings.`);
  return { url, sections };
});
