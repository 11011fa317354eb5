// Asks for /health/live without a pause, as a process of its own, and keeps the longest that an answer took.
//   node probe-program.mjs <url>, forked: answers each message with what was longest since the one before

import { HttpConnection } from "./http-connection.mjs";

const [url] = process.argv.slice(2);
const pauseMs = 1;
let longestMs = 0;
let isAsked = false;
process.on("message", () => (isAsked = true));
process.on("disconnect", () => process.exit());
const connection = await HttpConnection.open(url);
await connection.get("/health/live");
process.send("ready");
for (;;) {
  const begin = performance.now();
  await connection.get("/health/live");
  longestMs = Math.max(longestMs, performance.now() - begin);
  if (isAsked) {
    // Only now: the answer that was awaited may have been the longest.
    isAsked = false;
    process.send(longestMs);
    longestMs = 0;
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
