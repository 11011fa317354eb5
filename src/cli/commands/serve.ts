import { Command } from "commander";
import { addServerOptions, configOf } from "../flags/options.ts";

export function serveCommand(): Command {
  const command = new Command("serve").description(
    "Migrate the database and serve the store until SIGINT or SIGTERM.",
  );
  return addServerOptions(command).action(async () => {
    // Most commands only call a server: the server itself is loaded only here.
    // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
    const { serve } = await import("../../main.ts");
    await serve(configOf(command));
  });
}
