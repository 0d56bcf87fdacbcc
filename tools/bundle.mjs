/**
 * Bundles one script of the page with esbuild:  node bundle.mjs <entry> <outfile>
 * The bundle is an ES module without licence comments; THIRD_PARTY.md carries the licences.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [entry, outfile] = process.argv.slice(2);
const buffer = fileURLToPath(new URL("buffer.js", import.meta.url));
const PROSE = /\bdescription:\s*(?:\[[^]*?\]\s*\.join\(' '\)|'(?:[^'\\\n]|\\.)*'(?!\s*\+))\s*,?/g;

/** Leaves out of Plotly what only its documentation reads, and the styles of maps, which no figure draws. */
const slimPlotly = {
  name: "slim-plotly",
  /** @param {import("esbuild").PluginBuild} hooks */
  setup(hooks) {
    hooks.onResolve({ filter: /^buffer\/$/ }, () => ({ path: buffer }));
    hooks.onLoad({ filter: /maplibre-gl\.css$/ }, () => ({ contents: "", loader: "text" }));
    hooks.onLoad({ filter: /plotly\.js[\\/]src[\\/].*attributes.*\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(PROSE, ""),
      loader: "js",
    }));
  },
};

await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  define: { global: "globalThis" },
  loader: { ".css": "text" },
  plugins: [slimPlotly],
});
