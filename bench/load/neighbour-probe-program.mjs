// A neighbour: reads an entry, and writes one, all the time, as a process of its own, and keeps the longest that each took.
// A write that is refused since its turn did not come in time counts as one that took so long.
//   node neighbour-probe-program.mjs <url> <token>, forked: answers each message with what was longest since the one before

import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf, readEntry, setEntry } from "./operations.mjs";

const [url, token] = process.argv.slice(2);
const pauseMs = 2;
const bodies = {
  readMs: bodyOf(readEntry, { key: "mine" }),
  writeMs: bodyOf(setEntry, { key: "mine", value: 1 }),
};
const longest = { readMs: 0, writeMs: 0 };
/** Called when both have ended what they were doing. */
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

/** Only now: the answer that was awaited may have been the longest. */
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
