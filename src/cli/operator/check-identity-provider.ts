import { openJwtKeys, usableAlgorithms } from "../../auth/jwt-keys.ts";
import { jwtOptions, type JwtOptions } from "../../auth/jwt-options.ts";
import type { Config } from "../../config.ts";
import { StartError } from "../../start-error.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";

const check = "identity provider";
/** The rejection of `read` has the cause. */
const unheard = { failed: () => {}, recovered: () => {} };

/** Reads the keys of JWTs, if the server would accept JWTs. */
export async function checkIdentityProvider(config: Config): Promise<Finding[]> {
  let options: JwtOptions | null;
  let fitting: string[];
  try {
    options = jwtOptions(config);
    if (!options) return [];
    const keys = await openJwtKeys(options.keys, unheard);
    await keys.read();
    fitting = await usableAlgorithms(keys, options.algorithms);
  } catch (error) {
    const { message } = error as Error;
    return [
      failure(check, error instanceof StartError ? message : `JWTs cannot be verified: ${message}`),
    ];
  }
  const { issuer, algorithms } = options;
  return [
    fitting.length > 0
      ? ok(check, `there are keys for JWTs of ${issuer}, for ${fitting.join(", ")}`)
      : warning(
          check,
          `${issuer} publishes no key for ${algorithms.join(", ")}, so all JWTs are refused. Set --jwt-algorithms to the algorithms of its keys.`,
        ),
  ];
}
