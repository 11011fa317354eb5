import {
  chmod,
  cp,
  rm,
  writeFile,
  appendFile,
  mkdir,
  stat,
  chown,
  readdir,
} from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startPostgres } from "../embedded-postgres.mjs";
import { set } from "../operations.ts";
import { run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { msUntil } from "./instances.ts";
import { expectRecovered, logEnd, type LogEnd } from "./recovered-history.ts";
import { connectTo } from "./own-postgres.ts";

test("G15: point-in-time recovery of PostgreSQL, as documented, keeps what was written until then", async () => {
  await using folder = await temporaryFolder();
  const archive = join(folder.path, "archive");
  await mkdir(archive);
  // PostgreSQL can run as another user.
  for (const path of [folder.path, archive]) await chmod(path, 0o777);
  const postgres = await startPostgres({
    postgresFlags: ["-carchive_mode=on", `-carchive_command=cp %p ${archive}/%f`],
  });
  // The second server uses the token of the first one.
  const dataDir = join(folder.path, "data");
  const serve = () => serveProcess(dataDir, ["--database-url", postgres.url]);
  try {
    const base = join(folder.path, "base");
    await postgres.halt("SIGINT");
    await cp(postgres.dataFolder, base, { recursive: true });
    await postgres.start();

    let recoverAt: string;
    let lost: LogEnd;
    {
      await using server = await serve();
      await set(server, { key: "kept", value: 1 });
      await using outsider = await connectTo(postgres.url);
      const [now] = await outsider.select(`SELECT clock_timestamp()::text AS "now"`);
      recoverAt = now?.now;
      await set(server, { key: "lost", value: 1 });
      lost = await logEnd(server);
      const [wal] = await outsider.select(`SELECT pg_walfile_name(pg_switch_wal()) AS "file"`);
      await msUntil(async () => (await readdir(archive)).includes(wal?.file), 20_000);
    }

    await postgres.halt("SIGINT");
    const { uid, gid } = await stat(postgres.dataFolder);
    for (const name of await readdir(postgres.dataFolder)) {
      await rm(join(postgres.dataFolder, name), { recursive: true });
    }
    await cp(base, postgres.dataFolder, { recursive: true });
    await appendFile(
      join(postgres.dataFolder, "postgresql.auto.conf"),
      [
        `restore_command = 'cp ${archive}/%f %p'`,
        `recovery_target_time = '${recoverAt}'`,
        `recovery_target_action = 'promote'`,
        "",
      ].join("\n"),
    );
    await writeFile(join(postgres.dataFolder, "recovery.signal"), "");
    for (const name of ["", ...(await readdir(postgres.dataFolder, { recursive: true }))]) {
      await chown(join(postgres.dataFolder, name), uid, gid);
    }
    await postgres.start();
    await using outsider = await connectTo(postgres.url);
    await msUntil(async () => {
      const [row] = await outsider.select(`SELECT pg_is_in_recovery() AS "isInRecovery"`);
      return row?.isInRecovery === false;
    }, 20_000);

    const renewed = await run(["epoch", "--renew", "--database-url", postgres.url]);
    expect(renewed.code).toBe(0);
    await using server = await serve();
    await expectRecovered(server, 1, lost);
  } finally {
    await postgres.stop();
  }
});
