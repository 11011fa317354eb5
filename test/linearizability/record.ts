// Records the responses to concurrent clients from real servers, which are killed, frozen and disconnected:
//
//   node --import tsx test/linearizability/record.ts <sqlite | postgres> <operations> <history.jsonl> [fault to inject]
//
// checker/main.go then searches for an order of the operations that explains every response. To prove that it finds errors,
// a fault can be injected between the clients and the store: `stale-read` takes some responses from a cache, and
// `lost-write` reverts some acknowledged writes.
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { faults, startStore } from "../process/faulty-store.ts";

const [database, count, file, injected] = process.argv.slice(2);
if ((database !== "sqlite" && database !== "postgres") || !count || !file) {
  throw new Error("Name a database, a number of operations and a file.");
}

const clients = 16;
/** Number of groups of two keys on which clients work at the same time. */
const activeGroups = 4;
/** Number of operations on a group before clients move to another one. */
const operationsOfGroup = 400;
const faultIntervalMs = 1_500;
/** Per thousand operations. */
const injectedShare = 30;

interface Entry {
  readonly revision: number;
  readonly value: number;
}

/** A kind of operation: its request, and how to read its response. */
interface Kind {
  readonly share: number;
  ask(place: Place): Asked;
}

interface Place {
  readonly namespace: string;
  readonly key: number;
}

interface Asked {
  /** The parts of the request that the checker needs. */
  readonly recorded: Record<string, unknown>;
  readonly isWrite: boolean;
  readonly document: string;
  readonly variables: Record<string, unknown>;
  read(data: any): Record<string, unknown>;
}

const keys = ["a", "b"] as const;
const absent: Entry = { revision: 0, value: 0 };
const toEntry = (entry: { revision: string; value: number } | null): Entry =>
  entry ? { revision: Number(entry.revision), value: entry.value } : absent;

/** Each written value is unique, and far from the results of increments. */
let lastValue = 0;
const nextValue = () => (lastValue += 1_000);
/** The last seen value of each key, for conditions. */
const seen = new Map<string, number>();
const seenKey = ({ namespace, key }: Place) => `${namespace}/${key}`;

function write(
  place: Place,
  recorded: Record<string, unknown>,
  field: string,
  input: object,
): Asked {
  const type = `${field[0]?.toUpperCase()}${field.slice(1)}Input!`;
  return {
    recorded: { key: place.key, ...recorded },
    isWrite: true,
    document: `mutation ($input: ${type}) { result: ${field}(input: $input) { entry { revision value } } }`,
    variables: { input: { namespace: place.namespace, key: keys[place.key], ...input } },
    read: ({ result }) => ({ entries: [toEntry(result.entry)] }),
  };
}

const kinds: Readonly<Record<string, Kind>> = {
  get: {
    share: 30,
    ask: ({ namespace, key }) => ({
      recorded: { key },
      isWrite: false,
      document:
        "query ($namespace: String!, $key: String!) { entry(namespace: $namespace, key: $key) { revision value } }",
      variables: { namespace, key: keys[key] },
      read: ({ entry }) => ({ entries: [toEntry(entry)] }),
    }),
  },
  both: {
    share: 10,
    ask: ({ namespace }) => ({
      recorded: {},
      isWrite: false,
      document: `query ($namespace: String!) {
        entries(namespace: $namespace, keys: ["a", "b"]) { nodes { key revision value } }
      }`,
      variables: { namespace },
      read: ({ entries }) => ({
        entries: keys.map((key) =>
          toEntry(entries.nodes.find((node: { key: string }) => node.key === key) ?? null),
        ),
      }),
    }),
  },
  set: {
    share: 15,
    ask: (place) => {
      const value = nextValue();
      return write(place, { value }, "setEntry", { value });
    },
  },
  compareAndSet: {
    share: 20,
    ask: (place) => {
      const value = nextValue();
      const ifRevision = seen.get(seenKey(place)) ?? 0;
      return write(place, { value, ifRevision }, "setEntry", {
        value,
        ifRevision: String(ifRevision),
      });
    },
  },
  increment: {
    share: 10,
    ask: (place) => write(place, { value: 1 }, "incrementEntry", { by: 1 }),
  },
  delete: {
    share: 5,
    ask: ({ namespace, key }) => ({
      recorded: { key },
      isWrite: true,
      document: "mutation ($input: DeleteEntryInput!) { deleteEntry(input: $input) { deleted } }",
      variables: { input: { namespace, key: keys[key] } },
      read: ({ deleteEntry }) => ({ deleted: deleteEntry.deleted }),
    }),
  },
  setBoth: {
    share: 10,
    ask: ({ namespace }) => {
      const value = nextValue();
      return {
        recorded: { value },
        isWrite: true,
        document:
          "mutation ($input: TransactInput!) { transact(input: $input) { results { entry { revision value } } } }",
        variables: {
          input: { operations: keys.map((key) => ({ set: { namespace, key, value } })) },
        },
        read: ({ transact }) => ({
          entries: transact.results.map(({ entry }: { entry: any }) => toEntry(entry)),
        }),
      };
    },
  },
};

const total = Number(count);
await using store = await startStore(database);
const history = createWriteStream(file);
// Each client can wait for it.
history.setMaxListeners(clients);
const random = (below: number) => Math.floor(Math.random() * below);
const nanoseconds = () => Math.round(performance.now() * 1e6);
let begun = 0;
let unanswered = 0;
/** Responses of reads, for the injected cache. */
const cached = new Map<string, Record<string, unknown>>();

/** Sends a request. Its result is data, a conflict, or unknown. */
async function post(asked: Asked): Promise<{ result: string; answer: Record<string, unknown> }> {
  const { url, token } = store.anyServer();
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: asked.document, variables: asked.variables }),
    signal: AbortSignal.timeout(20_000),
  });
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: any[] };
  const extensions = errors?.[0]?.extensions;
  if (!errors) return { result: "ok", answer: asked.read(data) };
  if (extensions.code === "CONFLICT") {
    const { currentRevision, currentValue = 0 } = extensions;
    const entry: Entry = { revision: Number(currentRevision ?? 0), value: currentValue ?? 0 };
    return { result: "conflict", answer: { entries: [entry] } };
  }
  if (extensions.code === "UNAVAILABLE") {
    // The server does not know the result only if the database failed during a commit.
    const wasWritten = /may or may not be stored/.test(errors[0].message) ? "perhaps" : "no";
    throw Object.assign(new Error("UNAVAILABLE"), { wasWritten });
  }
  // No other error is allowed during any fault.
  console.error(JSON.stringify(errors));
  process.exit(2);
}

async function runClient(client: number): Promise<void> {
  while (begun < total) {
    const turn = begun++;
    const group =
      Math.floor(turn / (operationsOfGroup * activeGroups)) * activeGroups + random(activeGroups);
    const place = { namespace: `g${group}`, key: random(2) };
    const [kind, { ask }] = pickKind();
    const asked = ask(place);
    // Half of the clients repeat a write until a response arrives. All repetitions are one operation.
    const repeats = client % 2 === 0;
    if (asked.isWrite && repeats) {
      (asked.variables.input as Record<string, unknown>).idempotencyKey = randomUUID();
    }
    const call = nanoseconds();
    let answered: Awaited<ReturnType<typeof post>> | null = null;
    for (;;) {
      try {
        answered = await post(asked);
        break;
      } catch (error) {
        // An immediate attempt would fail for the same reason.
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (!repeats && !isUndone(error)) break;
      }
    }
    if (!answered) {
      unanswered++;
      if (!asked.isWrite) continue;
    }
    let answer = answered?.answer ?? {};
    if (answered) {
      if (injected === "stale-read") answer = maybeStale(kind, place, answer);
      const entries = answer.entries as readonly Entry[] | undefined;
      if (entries?.length === 1) seen.set(seenKey(place), entries[0]?.revision ?? 0);
      if (injected === "lost-write" && kind === "set" && random(1_000) < injectedShare) {
        // The server can be killed during it. Then this write is perhaps not lost, and another one is.
        await post(kinds.delete?.ask(place) as Asked).catch(() => {});
      }
    }
    const line = {
      client,
      group,
      kind,
      ...asked.recorded,
      call,
      ...(answered ? { return: nanoseconds(), result: answered.result, ...answer } : {}),
    };
    if (!history.write(`${JSON.stringify(line)}\n`)) await once(history, "drain");
  }
}

/** Whether the operation was not sent, or the server reports that it did not happen. It can then be sent as a new one. */
function isUndone(error: unknown): boolean {
  const { cause, wasWritten } = error as { cause?: { code?: unknown }; wasWritten?: string };
  return cause?.code === "ECONNREFUSED" || wasWritten === "no";
}

function pickKind(): [string, Kind] {
  let rest = random(Object.values(kinds).reduce((sum, { share }) => sum + share, 0));
  for (const entry of Object.entries(kinds)) {
    if ((rest -= entry[1].share) < 0) return entry;
  }
  throw new Error("The shares have no sum.");
}

function maybeStale(
  kind: string,
  place: Place,
  answer: Record<string, unknown>,
): Record<string, unknown> {
  if (kind !== "get") return answer;
  const old = cached.get(seenKey(place));
  if (!old) cached.set(seenKey(place), answer);
  return old && random(1_000) < injectedShare ? old : answer;
}

const begin = performance.now();
let isOver = false;
const breaking = (async () => {
  const counts: Record<string, number> = {};
  for (let turn = 0; !isOver; turn++) {
    await new Promise((resolve) => setTimeout(resolve, faultIntervalMs));
    const [name, fault] = faults(database)[turn % faults(database).length] as [string, any];
    if (isOver) break;
    await fault(store);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
})();
await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
isOver = true;
const counts = await breaking;
history.end();
await once(history, "finish");
const seconds = (performance.now() - begin) / 1_000;
console.log(
  `${database}: ${total} operations in ${seconds.toFixed(1)} s, ${unanswered} unanswered; faults: ` +
    Object.entries(counts)
      .map(([name, times]) => `${times} × ${name}`)
      .join(", "),
);
