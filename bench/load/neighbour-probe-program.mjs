// A neighbour: a separate process that continuously reads an entry over HTTP and on a socket, and writes it over HTTP. It
// keeps the longest duration of each, and of a read also the CPU time that the server's thread used until the response.
// A write that is refused because its turn did not come in time counts with the time that it waited.
//   node neighbour-probe-program.mjs <url> <token> <pid>, forked: responds to each message with the longest since the previous one

import { readFileSync } from "node:fs";
import { GraphqlSocket } from "./graphql-socket.mjs";
import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf, readEntry, setEntry } from "./operations.mjs";

const [url, token, pid] = process.argv.slice(2);
const pauseMs = 2;
const key = "mine";
const overHttp = async (body) => {
  const connection = await HttpConnection.open(url, headersOf({ token }));
  return async () => {
    const answer = await connection.post("/graphql", body);
    if (answer.includes('"errors"') && !answer.includes("UNAVAILABLE")) throw new Error(answer);
  };
};
const onSocket = async () => {
  const socket = await GraphqlSocket.open(`${url}/graphql`, token);
  return () => socket.run(readEntry, { key });
};
const works = {
  writeMs: await overHttp(bodyOf(setEntry, { key, value: 1 })),
  readMs: await overHttp(bodyOf(readEntry, { key })),
  socketReadMs: await onSocket(),
};
const names = Object.keys(works);
const longest = Object.fromEntries([...names, "readCpuMs"].map((name) => [name, 0]));
/** Called when both have ended their current operation. */
let asked = null;
const ended = new Set();

async function repeat(name) {
  for (;;) {
    const begin = performance.now();
    const cpuMs = serverCpuMs();
    await works[name]();
    longest[name] = Math.max(longest[name], performance.now() - begin);
    if (name !== "writeMs") longest.readCpuMs = Math.max(longest.readCpuMs, serverCpuMs() - cpuMs);
    if (asked) tell(name);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** CPU time of the thread that runs the server's event loop. */
function serverCpuMs() {
  const text = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1");
  return Number(text.split(" ", 1)[0]) / 1e6;
}

/** Only now, because the current operation can be the longest. */
function tell(name) {
  ended.add(name);
  if (ended.size < names.length) return;
  asked = null;
  ended.clear();
  process.send({ ...longest });
  for (const each of Object.keys(longest)) longest[each] = 0;
}

process.on("message", () => (asked = true));
process.on("disconnect", () => process.exit());
for (const name of names) void repeat(name);
process.send("ready");
