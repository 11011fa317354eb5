#!/usr/bin/env node
import { optionsLast } from "./flags/options-last.ts";
import { createProgram } from "./program.ts";
import { Interrupted } from "./terminal/interruption.ts";
import { endWithReader, report } from "./terminal/report.ts";

endWithReader();
// Node would exit with 1, which here means that an entry does not exist.
process.on("uncaughtException", (error) => process.exit(report(error)));

try {
  const program = createProgram();
  await program.parseAsync(optionsLast(program, process.argv.slice(2)), { from: "user" });
} catch (error) {
  process.exitCode = report(error);
  if (error instanceof Interrupted) error.endProcess();
}
