import type { Config } from "./config.ts";
import { options } from "./options.ts";
import { shellWord } from "./shell-word.ts";

/**
 * Returns the end of a message: the command that creates another token in `local.token`, after a colon. The URL of a
 * database can contain a password, so the message names the variable instead of its value.
 */
export function remakeToken(
  { dataDir, databaseUrl }: Pick<Config, "dataDir" | "databaseUrl">,
  userId = "local",
): string {
  const condition = databaseUrl === "" ? "" : `, with the server's ${options.databaseUrl.env}`;
  const folder =
    dataDir === options.dataDir.default ? "" : ` --${options.dataDir.flag} ${shellWord(dataDir)}`;
  return `${condition}: baton token create --user ${shellWord(userId)} --save${folder}`;
}
