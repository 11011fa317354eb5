// Asks for /health/live without a pause, as a process of its own, and keeps the longest that an answer took.
//   node probe-program.mjs <url>, forked: answers each message with what was longest since the one before

import { HttpConnection } from "./http-connection.mjs";

const [url] = process.argv.slice(2);
const pauseMs = 1;
let longestMs = 0;
process.on("message", () => {
  process.send(longestMs);
  longestMs = 0;
});
process.on("disconnect", () => process.exit());
const connection = await HttpConnection.open(url);
await connection.get("/health/live");
process.send("ready");
for (;;) {
  const begin = performance.now();
  await connection.get("/health/live");
  longestMs = Math.max(longestMs, performance.now() - begin);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
