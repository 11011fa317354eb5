import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = dirname(fileURLToPath(import.meta.url));

// The server serves the page at `/` and its files below `/board/`. Addresses are relative, so that the page also works
// behind a proxy that adds a path. Each file has a hash in its name. Nothing is inlined, because the page's policy
// forbids data: addresses.
export default defineConfig({
  root,
  base: "./",
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../dist/board",
    emptyOutDir: true,
    assetsDir: "board",
    assetsInlineLimit: 0,
    target: "es2023",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    license: { fileName: "licenses.txt" },
  },
});
