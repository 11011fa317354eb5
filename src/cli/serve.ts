import { Command } from "commander";
import { serve } from "../main.ts";
import { addAllOptions, configOf } from "./options.ts";

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("Migrate the database and serve the store, until SIGINT or SIGTERM.")
    .allowExcessArguments(false);
  return addAllOptions(command).action(() => serve(configOf(command)));
}
