import { findFreePort, startProcess, temporaryFolder } from "./child-process.mjs";

/** A Redis that syncs its log to the disk before it responds. */
export async function startRedis() {
  const folder = await temporaryFolder();
  const port = await findFreePort();
  const settings = {
    bind: "127.0.0.1",
    port: String(port),
    dir: folder.path,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const { pid, stop } = await startProcess("redis-server", flags, { port });
  return {
    port,
    pid,
    async stop() {
      await stop();
      await folder.remove();
    },
  };
}
