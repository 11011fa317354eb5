import { Command } from "commander";
import { addAllOptions, configOf } from "./options.ts";

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("Migrate the database and serve the store, until SIGINT or SIGTERM.")
    .allowExcessArguments(false);
  return addAllOptions(command).action(async () => {
    // What a server needs takes a while to load, and the other commands do without.
    const { serve } = await import("../main.ts");
    await serve(configOf(command));
  });
}
