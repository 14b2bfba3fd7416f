import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  resolve: { alias: { polished: fileURLToPath(new URL("src/polished.ts", import.meta.url)) } },
  build: {
    outDir: process.env["LAHETTI_PAGE"] ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    // A font or picture inside a style sheet would be a data: address, which the policy allows to pictures alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // React and the components of Suomi.fi are one piece, a third of that packed.
    chunkSizeWarningLimit: 600,
  },
});
