// Few requests for many writes.
import { bytesOf } from "./files.ts";

/** The limits of the server that bound a batch. */
export interface BatchLimits {
  maxBatchOperations: number;
  maxBodyBytes: number;
}

/** Room in a request for all but the writes: the mutation's text. */
const envelopeBytes = 4_096;
/** Room beside each write for what the client puts around it: the namespace, and which operation it is. */
const operationBytes = 400;

/** As few batches as the limits allow, and no more of the writes in memory than one of them holds. */
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
