// Groups many writes into few requests.
import { bytesOf } from "./files.ts";

/** The limits of the server that bound a batch. */
export interface BatchLimits {
  maxBatchOperations: number;
  maxBodyBytes: number;
}

/** Space in a request for the mutation's text. */
const envelopeBytes = 4_096;
/** Additional space for each write: its namespace and the name of its operation. */
const operationBytes = 400;

/** Returns as few batches as the limits allow. Only the writes of one batch are in memory. */
export async function* batches<Write>(
  writes: AsyncIterable<Write>,
  { maxBatchOperations, maxBodyBytes }: BatchLimits,
): AsyncGenerator<Write[], void> {
  let batch: Write[] = [];
  let bytes = envelopeBytes;
  for await (const write of writes) {
    const size = bytesOf(write) + operationBytes;
    if (batch.length === maxBatchOperations || (batch.length > 0 && bytes + size > maxBodyBytes)) {
      yield batch;
      batch = [];
      bytes = envelopeBytes;
    }
    batch.push(write);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
