import { defaultConfig, options } from "../config.ts";
import { BatonError } from "../errors.ts";
import type { Limits } from "../store/model/limits.ts";
import { LineFault } from "./line.ts";

/**
 * The limits of an export's lines. Each server chooses the length of names and values: what another server accepted is
 * imported unchanged. The characters of a name and the greatest nesting of JSON are limits of every server.
 */
export const lineLimits: Limits = {
  ...defaultConfig(),
  maxNamespaceBytes: Number.POSITIVE_INFINITY,
  maxKeyBytes: Number.POSITIVE_INFINITY,
  maxAgentBytes: Number.POSITIVE_INFINITY,
  maxValueDepth: options.maxValueDepth.max,
};

/** @throws LineFault when the check of the store fails */
export function checked(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof BatonError ? new LineFault(error.message) : error;
  }
}
