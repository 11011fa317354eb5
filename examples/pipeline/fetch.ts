// Stage 1, request → page: node --import tsx examples/pipeline/fetch.ts
import { stage } from "./stage.ts";

await stage("fetch", "request", "page", async ({ url }) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return { url, text: await response.text() };
});
