import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The server sends `default-src 'self'`: nothing may be inlined, neither scripts, styles nor data: addresses.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../src/facekeep/api/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    // Browsers with light-dark(): a build for older ones would fix each colour at the root, for all of the page alike.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8350", "/healthz": "http://127.0.0.1:8350" } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
