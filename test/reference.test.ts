import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { describeSdk } from "../docs/describe-sdk.mjs";

test("docs/reference corresponds to the code (npm run docs writes it)", async () => {
  const script = fileURLToPath(new URL("../docs/generate-reference.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [script, "--check"]);
});

/** Returns the page of a module with these declarations. A comment counts at the beginning of a line, as in the build. */
async function describe(declarations: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "baton-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const entry = join(folder, "index.d.ts");
  writeFileSync(entry, declarations.replace(/(?<=\S) (?=\/\*\*)/g, "\n"));
  return describeSdk("SDK", entry, async (code) => code);
}

const example = "\n * @example\n * ```ts\n * a();\n * ```";

test.for([
  ["export declare function a(): void;", "a: has no doc comment"],
  ["/** Does. */ export declare function a(): void;", "a: has no @example"],
  ["/** A. */ export declare const a: () => void;", "a: has no @example"],
  ["/** A. */ export declare class A { b: 1; }", "A.b: has no doc comment"],
  ["/** A. */ export declare class A { b(): void; }", "A.b: has no doc comment"],
  ["/** A. */ export declare class A { /** B. */ b(): void; }", "A.b: has no @example"],
  ["/** A. */ export declare class A { /** B. */ constructor(); }", "new A: has no @example"],
  ["/** A. */ export interface A { readonly b?: 1; }", "A.b: has no doc comment"],
  ["/** A. */ export interface A { /** B. */ b(): void; }", "A.b: has no @example"],
  ["/** A. */ export interface A { /** B. */ (): void; }", "A: has no @example"],
  ["export type A = 1;", "A: has no doc comment"],
  ["/** @remarks */ export type A = 1;", "A: has no doc comment"],
  ["/** @exmaple */ export type A = 1;", "@exmaple is not a tag"],
  ["/** See {@link B}. */ export type A = 1;", "A: {@link B} leads nowhere"],
  ["/** {@inheritDoc B} */ export type A = 1;", "A: {@inheritDoc} is not supported"],
  [
    `/**\n * A.\n * @param c - C${example} */\nexport declare function a(b: 1): void;`,
    "a: has no parameter c",
  ],
  ["interface B {}\n/** A. */ export type A = B;", "B: has no doc comment"],
  [
    "/** @internal */ interface B {}\n/** A. */ export type A = B;",
    "A: names B, which is @internal",
  ],
  ["/** B. */ interface B {}\nexport type { B as A };", "A: is called B where it is declared"],
  ["/** A. */ export type A = { /** @internal */ b: 1 };", "A: a part of it is @internal"],
  ["/** A. */ declare const a: 1;\nexport default a;", "default: give it a name"],
])("%s is refused", async ([declarations, problem]) => {
  await expect(describe(declarations!)).rejects.toThrow(problem);
});

test("members that are not public are not on the page", async () => {
  const page = await describe(`/** A. */ export declare class A {
    #private;
    private secret1;
    private static secret2;
    protected secret3: 1;
    /** @internal */ secret4(): Hidden;
    /** For us. @internal is not a tag in the middle of a line. */ shown: 1;
    /**
     * For us.
     * @internal
     */
    secret5: 1;
    /** @internal */
    constructor();
  }
  /** @internal */ export interface secret6 { a: 1 }
  interface Hidden {}`);
  expect(page).not.toMatch(/secret|private|constructor|Hidden/);
  expect(page).toContain("`shown: 1`");
});

test("an accessor is described as a property", async () => {
  const page = await describe(`/** A. */ export declare class A {
    /** B. */ get b(): string;
    /** C. */ get c(): string; set c(value: string);
    /** D. */ static set d(value: number);
    /** E. */ [name: string]: unknown;
  }`);
  for (const line of [
    "readonly b: string",
    "c: string",
    "static d: number",
    "[name: string]: unknown",
  ])
    expect(page).toContain(`- \`${line}\`:`);
});

test("a declaration that is not exported is described next to its use", async () => {
  const page = await describe(`
    /** C. */ declare const c: readonly ["x", "y"];
    /** B. */ interface B<T> { /** D. */ readonly d: T; }
    interface Unnamed {}
    /** A. */ export interface A extends B<string> { /** E. */ readonly e: (typeof c)[number]; }`);
  expect([...page.matchAll(/^## .*/gm)].flat()).toEqual(["## Contents", "## A", "## B", "## c"]);
  expect(page).toContain("interface A extends B<string>");
  expect(page.match(/Not exported/g)).toHaveLength(2);
});
