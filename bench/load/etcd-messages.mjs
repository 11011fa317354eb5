// The three messages of etcd's protocol that the benchmarks use, in protobuf's encoding.

const lengthDelimited = 2;

function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function field(number, content) {
  const tag = Buffer.from([(number << 3) | lengthDelimited]);
  return Buffer.concat([tag, varint(content.length), content]);
}

/** `etcdserverpb.PutRequest` */
export function putRequest(key, value) {
  return Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))]);
}

/** `etcdserverpb.WatchRequest` for every key with a prefix. */
export function watchRequest(prefix) {
  const end = Buffer.from(prefix);
  end[end.length - 1] += 1;
  const create = Buffer.concat([field(1, Buffer.from(prefix)), field(2, end)]);
  return field(1, create);
}

/**
 * Returns the number of events in an `etcdserverpb.WatchResponse`, and whether it reports that the watch was created.
 */
export function readWatchResponse(message) {
  const found = { events: 0, isCreated: false };
  let at = 0;
  const next = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at];
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = next();
    const value = next();
    if (tag >> 3 === 3) found.isCreated = value === 1;
    if (tag >> 3 === 11) found.events += 1;
    if ((tag & 7) === lengthDelimited) at += value;
  }
  return found;
}
