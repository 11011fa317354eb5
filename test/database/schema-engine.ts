import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import * as schemaEngine from "@prisma/schema-engine-wasm/schema_engine_bg";
import type { Migrations } from "./migrations.ts";

// Node has it, but @types/node 20 does not.
declare const WebAssembly: {
  instantiate(
    wasm: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

/** Stock Prisma's commands for a database and its migrations. */
export interface PrismaMigrate {
  /** `prisma migrate status` */
  status({ folder }: Migrations): Promise<schemaEngine.DiagnoseMigrationHistoryOutput>;
  /** `prisma migrate deploy`. Returns the names of the applied migrations. */
  deploy({ folder }: Migrations): Promise<string[]>;
}

/** Uses the WebAssembly build of Prisma's engine, because the CLI would download a native one. */
export function prismaMigrate(adapter: () => SqlMigrationAwareDriverAdapterFactory): PrismaMigrate {
  return {
    status: (migrations) =>
      withEngine(adapter(), migrations, (engine) =>
        engine.diagnoseMigrationHistory({ ...history(migrations), optInToShadowDatabase: false }),
      ),
    deploy: (migrations) =>
      withEngine(adapter(), migrations, async (engine) => {
        const { appliedMigrationNames } = await engine.applyMigrations(history(migrations));
        return appliedMigrationNames;
      }),
  };
}

async function withEngine<T>(
  factory: SqlMigrationAwareDriverAdapterFactory,
  migrations: Migrations,
  work: (engine: schemaEngine.SchemaEngine) => Promise<T>,
): Promise<T> {
  await loadOnce();
  const connections: SqlDriverAdapter[] = [];
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connection = await connect();
    connections.push(connection);
    return connection;
  };
  const [first = ""] = migrations.names;
  const schema = readFileSync(join(migrations.folder, first, "schema.prisma"), "utf8");
  try {
    const engine = await schemaEngine.SchemaEngine.new(
      { datamodels: [["schema.prisma", schema]] },
      () => {}, // its log
      bindMigrationAwareSqlAdapterFactory(factory),
    );
    return await work(engine);
  } finally {
    for (const connection of connections) await connection.dispose(); // the engine does not
  }
}

function history(migrations: Migrations) {
  const migrationsList: schemaEngine.MigrationList = {
    baseDir: migrations.folder,
    lockfile: {
      path: "migration_lock.toml",
      content: readFileSync(join(migrations.folder, "migration_lock.toml"), "utf8"),
    },
    shadowDbInitScript: "",
    migrationDirectories: migrations.names.map((name) => ({
      path: name,
      migrationFile: {
        path: "migration.sql",
        content: { tag: "ok", value: migrations.read(name) },
      },
    })),
  };
  return { migrationsList, filters: { externalTables: [], externalEnums: [] } };
}

let loading: Promise<void> | undefined;

function loadOnce(): Promise<void> {
  return (loading ??= load());
}

async function load(): Promise<void> {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const wasm = readFileSync(join(dirname(entry), "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(wasm, {
    "./schema_engine_bg.js": schemaEngine,
  });
  // Generated code that its declarations lack.
  (schemaEngine as unknown as { __wbg_set_wasm(wasm: unknown): void }).__wbg_set_wasm(
    instance.exports,
  );
  instance.exports.__wbindgen_start();
}
