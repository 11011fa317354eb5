import { defaultConfig, options } from "../config.ts";
import { BatonError } from "../errors.ts";
import type { Limits } from "../store/model/limits.ts";
import { LineFault } from "./line.ts";

/**
 * What any server may have been told to take. How long names and values may be is the servers' own choice, and not known
 * here: what one of them took moves as it is. What a name may consist of, and how deep JSON may be at the most, all of
 * them rely on.
 */
export const lineLimits: Limits = {
  ...defaultConfig(),
  maxNamespaceBytes: Number.POSITIVE_INFINITY,
  maxKeyBytes: Number.POSITIVE_INFINITY,
  maxAgentBytes: Number.POSITIVE_INFINITY,
  maxValueDepth: options.maxValueDepth.max,
};

/** @throws LineFault for what the store's own check refuses */
export function checked(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof BatonError ? new LineFault(error.message) : error;
  }
}
