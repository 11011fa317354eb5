import type { Option } from "./option.ts";
import { options } from "./options.ts";

type Options = typeof options;

type ValueOf<O extends Option> = O extends { choices: readonly (infer C)[] }
  ? C
  : O["default"] extends number
    ? number
    : string;

/** The value of every option. */
export type Config = { readonly [Name in keyof Options]: ValueOf<Options[Name]> };

/** Returns the default configuration, with the given values in it. */
export function defaultConfig(set: Partial<Config> = {}): Config {
  const defaults = Object.entries(options).map(([name, option]) => [name, option.default]);
  return { ...(Object.fromEntries(defaults) as unknown as Config), ...set };
}
