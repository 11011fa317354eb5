// A separate process that continuously requests /health/live, and keeps the longest duration of a response.
//   node probe-program.mjs <url>, forked: responds to each message with the longest since the previous one

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
    // Only now, because the current request can be the longest.
    isAsked = false;
    process.send(longestMs);
    longestMs = 0;
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
