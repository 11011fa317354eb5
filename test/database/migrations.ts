import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A folder of migrations. */
export class Migrations {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static released(database: "sqlite" | "postgres"): Migrations {
    return new Migrations(
      fileURLToPath(new URL(`../../prisma/${database}/migrations`, import.meta.url)),
    );
  }

  /** A copy for the running test to change. */
  copy(): Migrations {
    const folder = mkdtempSync(join(tmpdir(), "baton-migrations-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(this.folder, folder, { recursive: true });
    return new Migrations(folder);
  }

  /** The names, in the order in which the migrations are applied. */
  get names(): string[] {
    return readdirSync(this.folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  read(name: string): string {
    return readFileSync(this.#path(name), "utf8");
  }

  write(name: string, sql: string): void {
    mkdirSync(join(this.folder, name), { recursive: true });
    writeFileSync(this.#path(name), sql);
  }

  #path(name: string): string {
    return join(this.folder, name, "migration.sql");
  }
}
