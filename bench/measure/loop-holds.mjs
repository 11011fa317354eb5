// Loaded into a server before its own program (`node --import`). Measures for how long the event loop is held, in CPU
// time of its thread, so the result does not depend on other load of the machine. Linux only.
//   LOOP_HOLDS_PORT=<port>; GET / returns the longest hold since the last GET, in ms

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { LOOP_HOLDS_PORT: port } = process.env;
const lookMs = 1;
let longestMs = 0;
let last = 0;

/** CPU time of the main thread, in ms. */
function cpuMs() {
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1");
  return Number(text.split(" ", 1)[0]) / 1e6;
}

function look() {
  longestMs = Math.max(longestMs, cpuMs() - last);
  last = cpuMs();
}

// Every program that the server starts inherits the environment.
if (port !== undefined && process.argv[2] === "serve") {
  last = cpuMs();
  setInterval(look, lookMs).unref();
  createServer((_request, response) => {
    look();
    response.end(String(longestMs));
    longestMs = 0;
  })
    .listen(Number(port), "127.0.0.1")
    .unref();
}
