import { findFreePort, startProcess, temporaryFolder } from "./child-process.mjs";

/** A single etcd with its defaults: each write is synced to the disk before it is acknowledged. */
export async function startEtcd() {
  const folder = await temporaryFolder();
  const [port, peerPort] = [await findFreePort(), await findFreePort()];
  const [url, peerUrl] = [port, peerPort].map((each) => `http://127.0.0.1:${each}`);
  const { pid, stop } = await startProcess(
    "etcd",
    [
      `--data-dir=${folder.path}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      "--log-level=error",
      "--quota-backend-bytes=8589934592", // space for a long run
    ],
    {
      port,
      isReady: () =>
        fetch(`${url}/health`).then(
          (response) => response.ok,
          () => false,
        ),
    },
  );
  return {
    url,
    pid,
    async stop() {
      await stop();
      await folder.remove();
    },
  };
}
