// A neighbour: a separate process that continuously reads and writes an entry, and keeps the longest duration of each.
// A write that is refused because its turn did not come in time counts with the time that it waited.
//   node neighbour-probe-program.mjs <url> <token>, forked: responds to each message with the longest since the previous one

import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf, readEntry, setEntry } from "./operations.mjs";

const [url, token] = process.argv.slice(2);
const pauseMs = 2;
const bodies = {
  readMs: bodyOf(readEntry, { key: "mine" }),
  writeMs: bodyOf(setEntry, { key: "mine", value: 1 }),
};
const longest = { readMs: 0, writeMs: 0 };
/** Called when both have ended their current operation. */
let asked = null;
const ended = new Set();

async function repeat(name) {
  const connection = await HttpConnection.open(url, headersOf({ token }));
  for (;;) {
    const begin = performance.now();
    const answer = await connection.post("/graphql", bodies[name]);
    if (answer.includes('"errors"') && !answer.includes("UNAVAILABLE")) throw new Error(answer);
    longest[name] = Math.max(longest[name], performance.now() - begin);
    if (asked) tell(name);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Only now, because the current operation can be the longest. */
function tell(name) {
  ended.add(name);
  if (ended.size < 2) return;
  asked = null;
  ended.clear();
  process.send({ ...longest });
  longest.readMs = longest.writeMs = 0;
}

process.on("message", () => (asked = true));
process.on("disconnect", () => process.exit());
void repeat("writeMs");
void repeat("readMs");
process.send("ready");
