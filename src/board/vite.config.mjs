import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = dirname(fileURLToPath(import.meta.url));

// The page, to be served at `/` with what it loads below `/board/`: addresses are relative, so that it also works behind a
// proxy that serves it below a path of its own. Each file has a hash in its name, and nothing is inlined: the page's policy
// allows no data: address.
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
