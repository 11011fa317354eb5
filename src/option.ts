interface OptionBase {
  /** Name of the environment variable. */
  readonly env: string;
  /** A variable that other programs use too. It sets the option if `env` is unset. */
  readonly sharedEnv?: string;
  /** Name of the flag, without its dashes. */
  readonly flag: string;
  /** The placeholder of the value in the help: for a number, its unit. */
  readonly unit: string;
  readonly help: string;
}

interface TextOption extends OptionBase {
  readonly type: "text";
  readonly default: string;
}

interface NumberOption extends OptionBase {
  readonly type: "number";
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

interface ChoiceOption extends OptionBase {
  readonly type: "choice";
  readonly default: string;
  readonly choices: readonly string[];
}

/** An option of the server: its names, its default, and which values are valid. */
export type Option = TextOption | NumberOption | ChoiceOption;

const maxInt = 2 ** 31 - 1;

/** A whole number: `BATON_MAX_KEY_BYTES` and `--max-key-bytes` set `maxKeyBytes`. */
export function numberOption(
  name: string,
  unit: string,
  defaultValue: number,
  help: string,
  min = 1,
): NumberOption {
  return { type: "number", ...namesOf(name), unit, default: defaultValue, min, max: maxInt, help };
}

function namesOf(name: string): Pick<OptionBase, "env" | "flag"> {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { env: `BATON_${flag.replaceAll("-", "_").toUpperCase()}`, flag };
}

/** A text: `BATON_JWT_ISSUER` and `--jwt-issuer` set `jwtIssuer`. */
export function textOption(
  name: string,
  unit: string,
  help: string,
  defaultValue = "",
): TextOption {
  return { type: "text", ...namesOf(name), unit, default: defaultValue, help };
}

/** A choice. The first one is the default. */
export function choiceOption<const C extends readonly [string, ...string[]]>(
  name: string,
  choices: C,
  help: string,
) {
  const option = { type: "choice" as const, ...namesOf(name), unit: "choice" };
  return { ...option, default: choices[0] as string, choices, help };
}

/**
 * Chooses the environment variable that sets the option: `env`, or `sharedEnv` if only that one is set.
 * Kubernetes sets `BATON_PORT` to `tcp://…` for a service named baton; such a value counts as unset.
 */
export function variableOf({ env, sharedEnv }: Option, variables = process.env): string {
  if (sharedEnv === undefined) return env;
  const own = variables[env] ?? "";
  const isUnset = own === "" && (variables[sharedEnv] ?? "") !== "";
  return isUnset || /^(tcp|udp|sctp):/.test(own) ? sharedEnv : env;
}

/**
 * Reads the value of an option from its text in the environment or on the command line.
 * @throws Error with a message that says which values are valid
 */
export function parseOption(option: Option, text: string): string | number {
  switch (option.type) {
    case "text":
      return text;
    case "number": {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (value >= option.min && value <= option.max) return value;
      throw new Error(
        `It must be a whole number from ${option.min} to ${option.max} (${option.unit}).`,
      );
    }
    case "choice":
      if (option.choices.includes(text)) return text;
      throw new Error(`It must be one of: ${option.choices.join(", ")}.`);
  }
}
