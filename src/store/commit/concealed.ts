import { badUserInput, BatonError } from "../../errors.ts";

const forReaders = "A token with the scope `read` in this namespace receives the reason.";

/**
 * Returns a refusal as a caller without the scope `read` sees it. Every refusal follows from the stored values, so the
 * caller learns only that the write was refused: code, message and details do not depend on stored values. CLAIM_LOST
 * keeps its code, because it concerns the caller's own claim.
 */
export function concealed({ code, extensions }: BatonError): BatonError {
  if (code === "CLAIM_LOST") {
    return new BatonError(
      "CLAIM_LOST",
      `This claim has ended. Nothing was changed. Stop this work and claim again. ${forReaders}`,
      extensions,
    );
  }
  // The error does not even name the operation: if several exceed a limit together, that would reveal sizes.
  return badUserInput(
    "input",
    `The stored data does not allow this write, or the result would exceed a limit. Nothing was changed. ${forReaders}`,
  );
}
