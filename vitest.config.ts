import { createRequire } from "node:module";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // Node gives everyone graphql's CommonJS build, Vite its ES build: one process may only have one.
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve("graphql") }],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/postgres-setup.ts", "test/examples/transpile-setup.ts"],
    // Only so that a test which waits for ever ends: real processes are slow to start on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // Two cores, and tests that wait for processes and clocks; more only make real servers wait for each other.
    maxWorkers: 3,
    // Files share what they have loaded, the server most of all; each starts servers and databases of its own.
    isolate: false,
  },
});
