import type { JsonError } from "../json/json-error.ts";
import type { JsonText } from "../json/json-text.ts";

/** The key is a symbol, so that no name that a caller sends can equal it. */
export const sentTexts = Symbol("sentTexts");

/** The variables of a request, by name. */
export interface SentVariables {
  readonly [name: string]: unknown;
  /**
   * The texts of variables whose values can be inexact, by name, or the reason why a text cannot be
   * kept. The value of a variable that is missing here is exact.
   */
  readonly [sentTexts]?: ReadonlyMap<string, JsonText | JsonError>;
}
