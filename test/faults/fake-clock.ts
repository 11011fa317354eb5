import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A clock that can be set, for processes that are started with its environment. libfaketime replaces their system clock.
 * Their monotonic clock, and so their timers, are not changed.
 */
export class FakeClock implements AsyncDisposable {
  readonly env: Record<string, string>;
  readonly #folder: string;
  readonly #file: string;

  private constructor(library: string, folder: string) {
    this.#folder = folder;
    this.#file = join(folder, "clock");
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** @returns null if libfaketime is not installed */
  static async open(): Promise<FakeClock | null> {
    const library = findLibrary();
    if (library === null) return null;
    const folder = await mkdtemp(join(tmpdir(), "baton-clock-"));
    // PostgreSQL runs as another user.
    await chmod(folder, 0o755);
    const clock = new FakeClock(library, folder);
    await clock.set(0);
    return clock;
  }

  /** Sets it to the true time plus this offset. */
  async set(offsetSeconds: number): Promise<void> {
    const next = `${this.#file}.next`;
    await writeFile(next, `${offsetSeconds < 0 ? "" : "+"}${offsetSeconds}\n`);
    await rename(next, this.#file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Finds the library of Debian's package. */
function findLibrary(): string | null {
  if (process.platform !== "linux") return null;
  const libraries = "/usr/lib";
  for (const name of readdirSync(libraries)) {
    const library = join(libraries, name, "faketime", "libfaketimeMT.so.1");
    if (existsSync(library)) return library;
  }
  return null;
}
