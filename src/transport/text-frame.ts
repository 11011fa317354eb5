/** A final text frame (RFC 6455, section 5.2). */
const finalText = 0x81;

/** The header of an unmasked text frame, as a server sends it, and room for `extraBytes` behind it. */
export function textFrameHeader(payloadBytes: number, extraBytes = 0): Buffer {
  const headerBytes = payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + extraBytes);
  frame[0] = finalText;
  if (payloadBytes < 126) {
    frame[1] = payloadBytes;
  } else if (payloadBytes < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(payloadBytes, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), 2);
    frame.writeUInt32BE(payloadBytes % 2 ** 32, 6);
  }
  return frame;
}
