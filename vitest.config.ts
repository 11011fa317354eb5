import { createRequire } from "node:module";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that start many processes take longest. They come first, so that none of them runs alone at the end. */
const slow =
  /\/test\/(docs\.test|command-line|process|browser|examples|sdk\/claim|fuzz|conformance\/(no-internal|as-of|newest|isolation))/;

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isQuick = ({ moduleId }: TestSpecification) => Number(!slow.test(moduleId));
    return files.toSorted((a, b) => isQuick(a) - isQuick(b));
  }
}

export default defineConfig({
  resolve: {
    // Node gives everyone graphql's CommonJS build, Vite its ES build: one process may only have one.
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve("graphql") }],
  },
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/quick-stacks.ts"],
    globalSetup: ["test/postgres-setup.ts", "test/examples/transpile-setup.ts"],
    // Only so that a test which waits for ever ends: real processes are slow to start on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // Two cores, and tests that wait for processes and clocks. More of them load all modules once more.
    maxWorkers: 3,
    // Files share what they have loaded, the server most of all; each starts servers and databases of its own.
    isolate: false,
    sequence: { sequencer: SlowFirst },
  },
});
