/** Formats a size: `1.4 kB`. */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1_000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const grouped = new Intl.NumberFormat("en-US");

export function number(value: number): string {
  return grouped.format(value);
}

/** Formats a duration: `45s`, `12m`, `3h`, `8d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Formats a duration to the second: `1:05`, `2:00:09`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60];
  const two = (part: number) => String(part).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function age(at: string | number, now: number): string {
  const ms = now - (typeof at === "string" ? Date.parse(at) : at);
  return ms < 1_500 ? "now" : duration(ms);
}

export function clock(at: string | number): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour12: false });
}

export function instant(at: string | number): string {
  const date = new Date(at);
  return `${date.toLocaleDateString("en-CA")} ${date.toLocaleTimeString("en-GB")}`;
}

/** The hue of a name: the same on every page and machine. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return ((hash >>> 0) % 24) * 15;
}

/** Compares names by the bytes of their UTF-8, as the server does. This is the order of code points, not of UTF-16. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x === y) continue;
    // A surrogate is part of a code point above all others.
    const [isHighX, isHighY] = [(x & 0xf800) === 0xd800, (y & 0xf800) === 0xd800];
    return isHighX === isHighY ? x - y : isHighX ? 1 : -1;
  }
  return a.length - b.length;
}

// Zero-width joiners are not among them: emoji and some scripts need them.
const hidden = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const outerSpaces = /^ +| +$/g;

/** Shows the characters of a name that are invisible or reorder the others, so that names that differ look different. */
export function visibleName(name: string): string {
  return name
    .replace(hidden, (found) => `⟨U+${found.charCodeAt(0).toString(16).toUpperCase()}⟩`)
    .replace(outerSpaces, (found) => "␣".repeat(found.length));
}
