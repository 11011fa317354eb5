/** A number of JSON, exactly: its value is 0.DIGITS × 10^exponent, with a sign. */
export interface Decimal {
  readonly sign: -1 | 0 | 1;
  /** Without zeros at either end; empty for 0. */
  readonly digits: string;
  /** An infinity where it has more digits than are read: see `maxExponentDigits`. */
  readonly exponent: number | bigint;
}

/** An exponent of so many digits is a number that is exact, with room for a shift by the digits. */
const safeExponentDigits = 14;
/**
 * Longer exponents are infinities. So a comparison is exact while one of the two numbers has a shorter text, and takes no
 * time that grows with the square of the other's.
 */
export const maxExponentDigits = 20_000;

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

/** Less than 0, 0 or more than 0, as one number is less than, equal to or greater than the other. */
export function compareDecimals(one: Decimal, other: Decimal): number {
  if (one.sign !== other.sign) return one.sign - other.sign;
  // An exponent may be a number here and a bigint there: `<` compares both.
  if (one.exponent < other.exponent) return -one.sign;
  if (one.exponent > other.exponent) return one.sign;
  if (one.digits === other.digits) return 0;
  // Both begin at the same place, so that they compare as texts: a shorter one ends in zeros.
  return one.digits < other.digits ? -one.sign : one.sign;
}
