import type { Logger } from "pino";
import { nextTurn, nobody } from "../event-loop.ts";
import { OperationRefusal, type Operations } from "./operations.ts";

const maxShownLength = 100;

/**
 * Logs how many of the trusted documents the server refuses, for example because they are from another version of the
 * schema, and the first of them. A thousand documents take about a second, so other work has its turns in between.
 */
export async function reportUnusableDocuments(
  documents: Iterable<string>,
  operations: Operations,
  logger: Logger,
  stopped: AbortSignal,
): Promise<void> {
  let count = 0;
  let first: { readonly document: string; readonly reason: string } | null = null;
  for (const text of documents) {
    await nextTurn(nobody);
    if (stopped.aborted) return;
    const reason = await refusalOf(text, operations);
    if (reason === null) continue;
    count++;
    first ??= { document: text.replaceAll(/\s+/g, " ").slice(0, maxShownLength), reason };
  }
  if (first) {
    logger.warn(
      { count, first },
      "trusted documents are refused, because they are not valid operations of this server",
    );
  }
}

/** Returns why the server refuses the document; null if it does not. */
async function refusalOf(text: string, operations: Operations): Promise<string | null> {
  try {
    await operations.prepare(text, null, nobody);
    return null;
  } catch (error) {
    if (!(error instanceof OperationRefusal)) throw error;
    // A document can have several operations. Its callers name one of them.
    return error.kind === "name" ? null : (error.errors[0]?.message ?? error.message);
  }
}
