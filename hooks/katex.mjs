// Reads a JSON list of {tex, display} and writes a JSON list of {html} or {error}, in the same order.
// The first argument is the address of KaTeX's module.
import { readFileSync } from "node:fs";

const { default: katex } = await import(process.argv[2]);
const formulas = JSON.parse(readFileSync(0, "utf8"));
const results = formulas.map(({ tex, display }) => {
  try {
    return { html: katex.renderToString(tex, { displayMode: display, throwOnError: true, strict: "error" }) };
  } catch (error) {
    return { error: String(error.message).replace(/^KaTeX parse error: /, "") };
  }
});
process.stdout.write(JSON.stringify(results));
