import { findFreePort, startProcess, temporaryFolder } from "./child-process.mjs";

/** A NATS server with JetStream on the disk and its defaults: it does not sync each write. */
export async function startNats() {
  const folder = await temporaryFolder();
  const port = await findFreePort();
  const { pid, stop } = await startProcess(
    "nats-server",
    ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder.path],
    { port },
  );
  return {
    url: `nats://127.0.0.1:${port}`,
    pid,
    async stop() {
      await stop();
      await folder.remove();
    },
  };
}
