import type { TestProject } from "vitest/node";
import { startPostgres } from "./embedded-postgres.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** A PostgreSQL for this run, as a role that may create databases. */
    readonly postgresUrl: string;
  }
}

/** Starts the one PostgreSQL of a run, unless `BATON_TEST_POSTGRES_URL` names one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  const given = process.env.BATON_TEST_POSTGRES_URL;
  if (given) return project.provide("postgresUrl", given);
  const postgres = await startPostgres({ postgresFlags: flags });
  project.provide("postgresUrl", postgres.url);
  return postgres.stop;
}

// Nothing here outlives a crash of the machine, so nothing waits for its disk.
const flags = ["fsync=off", "full_page_writes=off", "synchronous_commit=on", "max_connections=300"]
  .map((setting) => ["-c", setting])
  .flat();
