import { readFileSync } from "node:fs";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as schemaEngine from "@prisma/schema-engine-wasm/schema_engine_bg";

await loadSchemaEngine();

/** Prisma's SQL from one schema (undefined: an empty database) to another; undefined if they agree. */
export async function diffSchemas(from, to) {
  const target = (content) =>
    content === undefined
      ? { tag: "empty" }
      : { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content }] };
  // The engine requires a database of any provider, and does not change it.
  const engine = await schemaEngine.SchemaEngine.new(
    { datamodels: [["schema.prisma", to]] },
    () => {}, // its log
    bindMigrationAwareSqlAdapterFactory(new PrismaLibSql({ url: ":memory:" })),
  );
  const result = await engine.diff({
    from: target(from),
    to: target(to),
    script: true,
    exitCode: true, // 2: they differ
    filters: { externalTables: [], externalEnums: [] },
  });
  return result.exitCode === 2 ? result.stdout : undefined;
}

/** Loads the engine without the package's entry, which imports its .wasm as a module. Node 20 cannot do that. */
async function loadSchemaEngine() {
  const file = new URL(
    "schema_engine_bg.wasm",
    import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"),
  );
  const { instance } = await WebAssembly.instantiate(readFileSync(file), {
    "./schema_engine_bg.js": schemaEngine,
  });
  schemaEngine.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}
