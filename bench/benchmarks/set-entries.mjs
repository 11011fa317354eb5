// f. `setEntries` over HTTP, 1,000 entries per call. Compared with one multi-row insert of the same rows by the raw
// driver into a copy of the same file. Both write 10 sets of keys in turn, and sync each call to the disk.

import { join } from "node:path";
import { drive } from "../load/drive.mjs";
import { HttpConnection } from "../load/http-connection.mjs";
import { bodyOf, headersOf, setEntries } from "../load/operations.mjs";
import { value } from "../load/value.mjs";
import { cpuMs } from "../measure/process-costs.mjs";
import { interleave } from "../measure/rounds.mjs";
import { runBenchmark } from "../report/benchmark.mjs";
import { startBaton } from "../servers/baton.mjs";
import { temporaryFolder } from "../servers/child-process.mjs";
import { copyStore, openRawStore } from "../servers/raw-store.mjs";

const batch = 1_000;
const inputs = Array.from({ length: 10 }, (_none, place) => ({
  namespace: `batch-${place}`,
  entries: Array.from({ length: batch }, (_, at) => ({ key: `key-${at}`, value })),
}));
const bodies = inputs.map((input) => bodyOf(setEntries, input));

const one = "Baton, one call at a time";
const four = "Baton, 4 calls in flight";
const raw = "raw driver, one multi-row insert with log rows";

async function overHttp(server, inFlight, work) {
  const connections = await Promise.all(
    Array.from({ length: inFlight }, () => HttpConnection.open(server.url, headersOf(server))),
  );
  try {
    return await work(async (place, turn) => {
      const answer = await connections[place].post("/graphql", bodies[(place + turn) % 10]);
      if (answer.includes('"errors"')) throw new Error(answer);
    });
  } finally {
    for (const connection of connections) connection.close();
  }
}

await runBenchmark({
  id: "f",
  name: "f-set-entries",
  title: `setEntries, ${batch.toLocaleString("en-US")} a call`,
  measures: { perSecond: "entries/s", cpuUsEach: "CPU an entry, µs" },
  checks: [
    {
      what: `${one} ÷ raw driver`,
      of: [one, "perSecond"],
      to: [raw, "perSecond"],
      required: { atLeast: 0.6 },
    },
    { what: `${four} ÷ raw driver`, of: [four, "perSecond"], to: [raw, "perSecond"] },
  ],
  async measure({ rounds, either, progress, own }) {
    const server = own(await startBaton());
    await overHttp(server, 1, (call) => drive(1, either(8, 2), call));
    const folder = own({ ...(await temporaryFolder()), stop: () => folder.remove() });
    const file = join(folder.path, "raw.db");
    copyStore(join(server.dataDir, "baton.db"), file);
    const store = openRawStore(file);
    own({ stop: async () => store.close() });
    const insert = store.insertOf(batch);
    const writer = async (_place, turn) => insert(inputs[turn % 10]);
    const run = (inFlight) => (work) => overHttp(server, inFlight, work);
    return interleave({
      rounds,
      targets: [
        { name: one, inFlight: 1, pid: server.pid, run: run(1) },
        { name: four, inFlight: 4, pid: server.pid, run: run(4) },
        { name: raw, inFlight: 1, pid: process.pid, run: (work) => work(writer) },
      ],
      warmUp: ({ inFlight, run: withCall }) =>
        withCall((call) => drive(inFlight, either(5, 1), call)),
      measure: async ({ inFlight, pid, run: withCall }) => {
        const before = await cpuMs([pid]);
        const { count, perSecond } = await withCall((call) =>
          drive(inFlight, either(5, 1.5), call),
        );
        const cpu = (await cpuMs([pid])) - before;
        return { perSecond: perSecond * batch, cpuUsEach: (cpu * 1_000) / (count * batch) };
      },
      progress,
    });
  },
});
