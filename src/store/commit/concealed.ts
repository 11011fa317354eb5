import { badUserInput, BatonError } from "../../errors.ts";

const toldWhoReads = "A token that may read this namespace is told why.";

/**
 * A refusal as a caller without the scope `read` may see it. Each refusal of a decision follows from what is stored, so it
 * says no more than that the write was refused: neither its code, nor its message, nor a detail tells one stored value
 * from another. That a claim is over is the caller's own matter, and keeps its code.
 */
export function concealed({ code, extensions }: BatonError): BatonError {
  if (code === "CLAIM_LOST") {
    return new BatonError(
      "CLAIM_LOST",
      `This claim is over. Nothing was changed. Give this work up and claim again. ${toldWhoReads}`,
      extensions,
    );
  }
  // Not even which operation: where several add up to too much, that tells their size.
  return badUserInput(
    "input",
    `What is stored does not allow this write, or it would leave more than a limit allows. Nothing was changed. ${toldWhoReads}`,
  );
}
