import { createDataStore } from "../../src/client/index.ts";
import { get } from "../operations.ts";
import { startStore } from "../process/faulty-store.ts";
import { msUntil } from "../process/instances.ts";
import { expectNothingLost, Follower, Load } from "../process/load.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const writers = 32;
/** Agents that count with the client, which repeats requests without a response. */
const counters = 8;
const writesPerKill = 200;

/** Repeatedly resets every connection of the clients while they write. Returns the figures. */
export async function socketKills(kills: number): Promise<string> {
  await using store = await startStore("sqlite");
  const [server] = store.servers;
  if (!server) throw new Error("The store has a server.");
  await using proxy = await TcpProxy.open(server.url);
  const near = { url: proxy.by(server.url), token: server.token };
  await using load = new Load([near], writers);
  await using bySocket = new Follower([near]);
  await using bySse = new Follower([near], "sse");
  await using client = createDataStore(near);
  let counted = 0;
  let isOver = false;
  const counting = Array.from({ length: counters }, async () => {
    for (; !isOver; counted++) await client.namespace("counts").increment("count");
  });
  const watched: number[] = [];
  const watching = (async () => {
    for await (const change of client.namespace("counts").watch({ key: "count", after: "0" })) {
      if (change.kind === "SET") watched.push(change.entry.value as number);
    }
  })();

  let cut = 0;
  for (let kill = 0; kill < kills; kill++) {
    await load.more(writesPerKill);
    cut += proxy.cut();
  }
  isOver = true;
  await Promise.all(counting);
  await load.stop();
  const outcome = await expectNothingLost(server, load, [bySocket, bySse]);
  const stored = (await get(server, "count", "counts"))?.value;
  if (stored !== counted)
    throw new Error(`${counted} increments were acknowledged, ${stored} applied.`);
  await msUntil(() => watched.length >= counted, 60_000);
  client.close();
  await watching;
  const firstWrong = watched.findIndex((value, index) => value !== index + 1);
  if (firstWrong !== -1)
    throw new Error(`A watch saw ${watched[firstWrong]} at ${firstWrong + 1}.`);
  return (
    `${kills} × all ${Math.round(cut / kills)} connections reset: ${describeOutcome(outcome, load)}; ` +
    `${counted} increments by the client, each applied once and watched once`
  );
}
