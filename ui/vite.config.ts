import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { licences } from "./build/licences.ts";

// Relative addresses, so that the same files work under /ui/ and at the root of the app's own scheme.
// Everything is a file of its own: the content security policy allows no inline script and no data: font.
export default defineConfig(({ mode }) => ({
  base: "./",
  plugins: [svelte({ configFile: false }), licences()],
  // Two library packages ship their .svelte sources; in tests they need the browser's build of Svelte.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  build: {
    // The oldest engines we run in: WebKitGTK 2.50 and current Chromium. Both know light-dark().
    target: ["chrome123", "safari18"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { environment: "jsdom", include: ["src/**/*.test.ts", "build/**/*.test.ts"] },
}));
