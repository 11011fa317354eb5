import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exchange, faultIn, startFuzzedServer, type FuzzedServer } from "./fuzzed-server.ts";
import { generateOperation } from "./generated-operation.ts";
import { connectionBytes, mcpBody, socketMessage } from "./random-bytes.ts";
import { Random } from "./random.ts";
import { HttpSender, SocketSender } from "./senders.ts";

/** A small number for the whole suite. `.ci/run` repeats this file with 10,000. */
const count = Number(process.env.BATON_FUZZ_COUNT ?? 300);
const atOnce = 50;
/** Long enough for a busy machine. */
const timeoutMs = 300_000;

/** The seeds of this number of inputs. The seed of the run repeats them. */
function seeds(howMany: number, seed = Number(process.env.BATON_FUZZ_SEED ?? 42)): number[] {
  return fc.sample(fc.nat(), { seed, numRuns: howMany });
}

/** Runs work for each seed, some at the same time. Fails with the seed of the first input with a wrong response. */
async function each(howMany: number, run: (random: Random) => Promise<string[]>): Promise<void> {
  const waiting = seeds(howMany);
  const work = async () => {
    for (let seed = waiting.pop(); seed !== undefined; seed = waiting.pop()) {
      for (const answer of await run(new Random(seed))) {
        const fault = faultIn(answer);
        if (fault !== null) throw new Error(`Seed ${seed}: ${fault}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

describe("G9 G10 G14: any input is at most refused", () => {
  let server: FuzzedServer;
  let http: HttpSender;
  beforeAll(async () => {
    server = await startFuzzedServer();
    http = new HttpSender(server);
  });
  afterAll(async () => {
    http[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  const expectWhole = async () => {
    expect(server.errors).toEqual([]);
    const body = JSON.stringify({ query: "{ viewer { user } }" });
    expect((await http.post("/graphql", body)).text).toBe('{"data":{"viewer":{"user":"local"}}}');
  };

  test(
    `${count / 2} operations of the schema's grammar over HTTP`,
    async () => {
      await each(count / 2, async (random) => {
        const { query, variables } = generateOperation(random, false);
        const { status, text } = await http.post("/graphql", JSON.stringify({ query, variables }));
        return status < 500 ? [text] : [text, '"INTERNAL"'];
      });
      await expectWhole();
    },
    timeoutMs,
  );

  test(
    `${count / 2} operations of the schema's grammar over WebSocket`,
    async () => {
      using socket = new SocketSender(server);
      const waiting = seeds(count / 2, 43);
      while (waiting.length > 0) {
        const some = waiting.splice(0, 100);
        const operations = some.map((seed) => generateOperation(new Random(seed)));
        for (const message of await socket.run(operations)) expect(faultIn(message)).toBeNull();
      }
      await expectWhole();
    },
    timeoutMs,
  );

  test(
    `${count} connections of random bytes`,
    async () => {
      await each(count, async (random) => {
        const bytes = connectionBytes(random, server.token);
        // Does not wait for streams, or for requests with an incomplete body.
        return [await exchange(server, bytes, (received) => received.includes("\r\n\r\n"))];
      });
      await expectWhole();
    },
    timeoutMs,
  );

  test(
    `${count} messages of random bytes over WebSocket`,
    async () => {
      using socket = new SocketSender(server);
      const waiting = seeds(count, 44);
      while (waiting.length > 0) {
        const messages = waiting.splice(0, 3).map((seed) => socketMessage(new Random(seed)));
        for (const message of await socket.send(messages)) expect(faultIn(message)).toBeNull();
      }
      await expectWhole();
    },
    timeoutMs,
  );

  test(
    `${count} requests of random bytes to MCP`,
    async () => {
      await each(count, async (random) => {
        const { status, text } = await http.post("/mcp", mcpBody(random));
        return status < 500 ? [text] : [text, '"INTERNAL"'];
      });
      await expectWhole();
    },
    timeoutMs,
  );
});
