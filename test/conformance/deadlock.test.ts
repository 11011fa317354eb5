import pino from "pino";
import { expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { setCommand } from "../commands.ts";
import { createPostgres } from "../postgres.ts";

const logger = pino({ level: "silent" });

test("G5 G6: three instances that write for the same users never deadlock", async () => {
  await using own = await createPostgres();
  const config = defaultConfig(own.config);
  const instances = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const database = await openDatabase(config, logger);
      return {
        database,
        committer: new Committer({ database, limits: config, onCommit: () => {} }),
      };
    }),
  );
  const written = new Map<string, number>();
  let isWriting = true;
  const set = async (committer: Committer, userId: string) => {
    await committer.submit(setCommand(userId, { namespace: "default", key: "k" }));
    written.set(userId, (written.get(userId) ?? 0) + 1);
  };
  const compacting = instances.map(async ({ database }) => {
    while (isWriting) await database.compact({ maxAgeMs: 0, maxChanges: 5 });
  });
  const writing = instances.map(async ({ committer }) => {
    for (let round = 0; round < 40; round++) {
      // New users appear all the time, so that several instances also create their rows together.
      const users = Array.from(
        { length: 20 },
        () => `user-${round + Math.floor(Math.random() * 15)}`,
      );
      await Promise.all(users.map((userId) => set(committer, userId)));
    }
  });
  const allWritten = Promise.all(writing).finally(() => (isWriting = false));
  await Promise.all([allWritten, ...compacting]);

  const [{ database } = { database: undefined }] = instances;
  const heads = await database?.readHeads([...written.keys()]);
  expect(new Map([...(heads ?? [])].map(([userId, head]) => [userId, Number(head)]))).toEqual(
    written,
  );
  for (const instance of instances) {
    await instance.committer.close();
    await instance.database.close();
  }
});
