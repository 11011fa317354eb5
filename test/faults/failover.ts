import { query } from "../client.ts";
import { serveInstances } from "../process/instances.ts";
import { expectNothingLost, Follower, Load } from "../process/load.ts";
import { connectTo, ownPostgres } from "../process/own-postgres.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const writers = 32;
const writesPerPhase = 300;

/**
 * Kills PostgreSQL with -9 and promotes its synchronous standby, while clients write to two servers. Returns the figures.
 */
export async function failover(): Promise<string> {
  await using primary = await ownPostgres();
  const own = await primary.createDatabase();
  const standby = await primary.startStandby();
  try {
    await using proxy = await TcpProxy.open(own.url);
    const url = proxy.by(own.url);
    await using instances = await serveInstances([url], [url]);
    const servers = instances.all;
    const [server] = servers;
    const epoch = async () => (await query(server, "{ viewer { epoch } }")).viewer.epoch as string;
    const before = await epoch();
    await using load = new Load(servers, writers);
    await using bySocket = new Follower(servers);
    await using bySse = new Follower(servers, "sse");
    await load.more(writesPerPhase);

    const begin = performance.now();
    await primary.halt("SIGKILL");
    {
      await using outsider = await connectTo(standby.url);
      await outsider.select("SELECT pg_promote()");
    }
    proxy.redirect(standby.url);
    await load.more(1);
    const tookMs = Math.round(performance.now() - begin);

    await load.more(writesPerPhase);
    await load.stop();
    const outcome = await expectNothingLost(server, load, [bySocket, bySse]);
    if ((await epoch()) !== before) throw new Error("Nothing was lost, but the epoch has changed.");
    return `written again after ${tookMs} ms: ${describeOutcome(outcome, load)}`;
  } finally {
    await standby.stop();
  }
}
