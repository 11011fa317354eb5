// Stage 3, outline → figures: node --import tsx examples/pipeline/analyse.ts
import { setTimeout as pause } from "node:timers/promises";
import { stage } from "./stage.ts";

await stage("analyse", "outline", "figures", async ({ url, sections }) => {
  await pause(200); // Simulates the duration of a call to a model.
  const words = sections.flatMap(({ text }) => text.match(/\p{L}+/gu) ?? []);
  const longest = sections.reduce((a, b) => (b.text.length > a.text.length ? b : a));
  return { url, sections: sections.length, words: words.length, longest: longest.title };
});
