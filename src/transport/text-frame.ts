/** A final text frame (RFC 6455, section 5.2). */
const finalText = 0x81;

/** The header of an unmasked text frame, as a server sends it. */
export function textFrameHeader(payloadBytes: number): Buffer {
  return startFrame(payloadBytes, 0);
}

/** A text frame whose text is in parts. */
export function textFrame(parts: readonly Buffer[]): Buffer {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  const frame = startFrame(bytes, bytes);
  let end = frame.length - bytes;
  for (const part of parts) end += part.copy(frame, end);
  return frame;
}

/** The header, with room for the payload after it. */
function startFrame(payloadBytes: number, roomBytes: number): Buffer {
  const headerBytes = payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + roomBytes);
  frame[0] = finalText;
  if (headerBytes === 2) {
    frame[1] = payloadBytes;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(payloadBytes, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), 2);
    frame.writeUInt32BE(payloadBytes % 2 ** 32, 6);
  }
  return frame;
}
