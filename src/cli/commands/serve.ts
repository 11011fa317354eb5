import { Command } from "commander";
import { addAllOptions, configOf } from "../flags/options.ts";

export function serveCommand(): Command {
  const command = new Command("serve").description(
    "Migrate the database and serve the store, until SIGINT or SIGTERM.",
  );
  return addAllOptions(command).action(async () => {
    // Most commands only speak to a server: what one is made of is loaded for those that run it.
    // eslint-disable-next-line no-restricted-imports -- it means imports at the top.
    const { serve } = await import("../../main.ts");
    await serve(configOf(command));
  });
}
