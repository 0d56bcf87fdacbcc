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

/**
 * Plotly looks after every label which of all the labels stick out of the plot, so that an axis with n of them measures
 * n² texts, several times a drawing. Once after the last label tells the same.
 */
const LABEL_BY_LABEL = `
                if(ax._adjustTickLabelsOverflow) {
                    ax._adjustTickLabelsOverflow();
                }
            } else {`;
const END_OF_LABELS = `
                mathjaxGroup.attr('transform', transform + strTranslate(mjShift, 0));
            }
        });
`;
const ONCE = `
        if(ax._adjustTickLabelsOverflow && s.size() === tickLabels.size()) ax._adjustTickLabelsOverflow();
`;

/** @param {string} source of Plotly's axes */
function measureLabelsOnce(source) {
  for (const part of [LABEL_BY_LABEL, END_OF_LABELS]) {
    if (source.split(part).length !== 2) throw new Error("Plotly's axes.js has changed: adapt tools/bundle.mjs to it");
  }
  return source.replace(LABEL_BY_LABEL, "\n            } else {").replace(END_OF_LABELS, END_OF_LABELS + ONCE);
}

/** Leaves out of Plotly what only its documentation reads, and the styles of maps, which no figure draws. */
const slimPlotly = {
  name: "slim-plotly",
  /** @param {import("esbuild").PluginBuild} hooks */
  setup(hooks) {
    hooks.onResolve({ filter: /^buffer\/$/ }, () => ({ path: buffer }));
    hooks.onLoad({ filter: /maplibre-gl\.css$/ }, () => ({ contents: "", loader: "text" }));
    hooks.onLoad({ filter: /plotly\.js[\\/]src[\\/]plots[\\/]cartesian[\\/]axes\.js$/ }, async ({ path }) => ({
      contents: measureLabelsOnce(await readFile(path, "utf8")),
      loader: "js",
    }));
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
