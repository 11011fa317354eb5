import type { Config } from "../src/config.ts";
import { startTestServer, type TestServer } from "./server.ts";

/** A database that the conformance suite runs on. */
export interface TestDatabase {
  readonly name: string;
  /** A server on a new, empty database of this kind. */
  start(config?: Partial<Config>): Promise<TestServer>;
}

/** Every database that Baton serves from. */
export const databases: readonly TestDatabase[] = [{ name: "SQLite", start: startTestServer }];
