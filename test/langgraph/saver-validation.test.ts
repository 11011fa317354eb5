import { specTest, deltaChannelHistoryTests } from "@langchain/langgraph-checkpoint-validation";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BatonSaver } from "../../src/langgraph/index.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { storeOf } from "../sdk/sdk-store.ts";

// The suite uses the runner's functions from the global scope.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

let server: TestServer;
let created = 0;

const initializer = {
  checkpointerName: "BatonSaver",
  async beforeAll() {
    server = await startTestServer();
  },
  async afterAll() {
    await server.close();
  },
  /** Each saver has its own threads. */
  createCheckpointer: () =>
    new BatonSaver(storeOf(server), { namespacePrefix: `saver-${++created}:` }),
};

specTest(initializer);
deltaChannelHistoryTests(initializer);
