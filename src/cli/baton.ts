#!/usr/bin/env node
import { Interrupted } from "./terminal/interruption.ts";
import { createProgram } from "./program.ts";
import { endWithReader, report } from "./terminal/report.ts";

endWithReader();
// Node's own code for this is 1, which means here that there is no such entry.
process.on("uncaughtException", (error) => process.exit(report(error)));

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
  if (error instanceof Interrupted) error.endProcess();
}
