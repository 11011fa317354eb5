import pino from "pino";
import { expect, test } from "vitest";
import { defaultConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { commandOf } from "../../src/store/commit/command.ts";
import { Committer } from "../../src/store/commit/committer.ts";
import { setCommand } from "../commands.ts";
import { plainDatabases } from "../databases.ts";

const logger = pino({ level: "silent" });
const largeValue = JSON.stringify({ text: "x".repeat(900_000) });
const keys = Array.from({ length: 8 }, (_, at) => `key-${at}`);

const patchCommand = (userId: string, key: string, patch: string) =>
  commandOf({ userId, agent: null, mayRead: true }, [
    {
      kind: "patch",
      argument: "input",
      namespace: "default",
      key,
      patch,
      metadata: null,
      ttlSeconds: null,
      ifRevision: null,
    },
  ]);

test.each(plainDatabases)(
  "G14: a write waits for one large write of another user, not for all of them ($name)",
  async ({ create }) => {
    await using own = await create();
    const config = defaultConfig(own.config);
    const database = await openDatabase(config, logger);
    const transactions: string[][] = [];
    const committer = new Committer({
      database,
      limits: config,
      onCommit: (committed) =>
        transactions.push(
          [...committed].flatMap(([userId, { changes }]) =>
            changes.map(({ key }) => (userId === "large" ? (key ?? "") : userId)),
          ),
        ),
    });
    for (const key of keys) {
      await committer.submit(setCommand("large", { namespace: "default", key }, largeValue));
    }
    await committer.submit(setCommand("small", { namespace: "default", key: "key" }));

    transactions.length = 0;
    const patched = keys.map((key) => committer.submit(patchCommand("large", key, '{"n":1}')));
    await committer.submit(setCommand("small", { namespace: "default", key: "key" }));
    await Promise.all(patched);
    await committer.close();
    await database.close();

    expect(transactions.slice(0, 2)).toEqual([["key-0"], ["small"]]);
    expect(transactions.slice(2)).toEqual(keys.slice(1).map((key) => [key]));
  },
);
