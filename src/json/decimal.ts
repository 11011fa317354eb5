/** The exact value of a JSON number: 0.DIGITS × 10^exponent, with a sign. */
export interface Decimal {
  readonly sign: -1 | 0 | 1;
  /** Without zeros at either end; empty for 0. */
  readonly digits: string;
  /** An infinity if it has more digits than `maxExponentDigits`. */
  readonly exponent: number | bigint;
}

/** An exponent of at most this many digits is an exact number, even after a shift by the digits. */
const safeExponentDigits = 14;
/**
 * Longer exponents count as infinities. A comparison is exact if the text of one of the numbers is shorter than this. Its
 * time does not grow with the square of the other's length.
 */
const maxExponentDigits = 20_000;

const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)0*(\d+))?$/;

/** @param text a number of a `JsonText` */
export function decimalOf(text: string): Decimal {
  const [, minus = "", whole = "", fraction = "", exponentSign = "", exponentDigits = ""] =
    parts.exec(text) as RegExpExecArray;
  const all = whole + fraction;
  const begin = all.search(/[1-9]/);
  if (begin === -1) return { sign: 0, digits: "", exponent: 0 };
  let end = all.length;
  while (all.charCodeAt(end - 1) === 0x30) end--;
  return {
    sign: minus === "" ? 1 : -1,
    digits: all.slice(begin, end),
    exponent: sumOf(whole.length - begin, exponentSign === "-", exponentDigits),
  };
}

function sumOf(shift: number, isNegative: boolean, digits: string): number | bigint {
  if (digits.length <= safeExponentDigits) {
    return shift + (isNegative ? -Number(digits) : Number(digits));
  }
  if (digits.length > maxExponentDigits) return isNegative ? -Infinity : Infinity;
  return BigInt(shift) + (isNegative ? -BigInt(digits) : BigInt(digits));
}

/** Returns less than 0, 0 or more than 0 if `one` is less than, equal to or greater than `other`. */
export function compareDecimals(one: Decimal, other: Decimal): number {
  if (one.sign !== other.sign) return one.sign - other.sign;
  // One exponent can be a number and the other a bigint: `<` compares both.
  if (one.exponent < other.exponent) return -one.sign;
  if (one.exponent > other.exponent) return one.sign;
  if (one.digits === other.digits) return 0;
  // Both start at the same decimal place, so they compare as texts. A shorter one is followed by zeros.
  return one.digits < other.digits ? -one.sign : one.sign;
}
