// Stage 4, figures → report: node --import tsx examples/pipeline/report.ts
import { stage } from "./stage.ts";

await stage("report", "figures", "report", async ({ url, sections, words, longest }) => ({
  text: `${url}: ${words} words in ${sections} sections, the longest "${longest}".`,
}));
