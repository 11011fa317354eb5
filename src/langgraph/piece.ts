import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { base64Of, bytesOf } from "../adapter/base64.ts";

/**
 * The output of LangGraph's serializer as JSON. If it is JSON, it is that value, which other agents can read and
 * search. Otherwise it is a text or base64.
 */
export type Piece = { readonly type: string } & (
  | { readonly json: unknown }
  | { readonly text: string }
  | { readonly base64: string }
);

/** Baton's limit is 64 levels, and a piece is some levels below its entry. */
const maxJsonDepth = 48;

export async function pieceOf(serde: SerializerProtocol, value: unknown): Promise<Piece> {
  const [type, bytes] = await serde.dumpsTyped(value);
  const text = textOf(bytes);
  if (text === null) return { type, base64: base64Of(bytes) };
  const json = type === "json" ? exactJson(text) : undefined;
  return json === undefined ? { type, text } : { type, json };
}

export function valueOf(serde: SerializerProtocol, piece: Piece): Promise<unknown> {
  if ("json" in piece) return serde.loadsTyped(piece.type, JSON.stringify(piece.json));
  if ("text" in piece) return serde.loadsTyped(piece.type, new TextEncoder().encode(piece.text));
  return serde.loadsTyped(piece.type, bytesOf(piece.base64));
}

/**
 * Half of a surrogate pair in the form of `JSON.stringify`. Baton refuses it in JSON, but not in a string that contains
 * JSON.
 */
const loneSurrogate = /\\ud[89a-f]/i;

/** Returns the value if Baton accepts it and `JSON.stringify` writes the same text for it; otherwise undefined. */
function exactJson(text: string): unknown {
  if (loneSurrogate.test(text)) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return JSON.stringify(json) === text && isShallow(json, maxJsonDepth) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isShallow(json: unknown, levels: number): boolean {
  if (typeof json !== "object" || json === null) return true;
  return levels > 0 && Object.values(json).every((member) => isShallow(member, levels - 1));
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
