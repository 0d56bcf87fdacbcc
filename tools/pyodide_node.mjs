/**
 * Runs Pyodide under Node, so that bytecode is made by the very interpreter that will read it.
 *
 *   node pyodide_node.mjs compile <job.json>   sources -> .pyc, next to nothing else
 *   node pyodide_node.mjs record  <job.json>   start from a tree of .pyc and list the modules that were loaded
 *
 * A job is `{"pyodide": folder of the npm package, ...}`; the answer is one JSON line on stdout.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [command, jobPath] = process.argv.slice(2);
const job = JSON.parse(await readFile(jobPath, "utf8"));
const { loadPyodide } = await import(pathToFileURL(join(job.pyodide, "pyodide.mjs")).href);

const COMPILE = `
import json
from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path

def compile_all(pairs):
    failed = {}
    for source, target, shown in pairs:
        try:
            code = compile(Path(source).read_bytes(), shown, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            failed[shown] = f"{type(error).__name__}: {error}"
            continue
        target = Path(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_code_to_hash_pyc(code, bytes(8), False))
    return json.dumps({"failed": failed})
`;

/** Compile `job.files`, a list of [source, target, name shown in tracebacks], paths relative to `job.folder`. */
async function compile() {
  const pyodide = await loadPyodide({ indexURL: job.pyodide });
  pyodide.mountNodeFS("/job", job.folder);
  pyodide.runPython(COMPILE);
  const pairs = job.files.map(([source, target, shown]) => [`/job/${source}`, `/job/${target}`, shown]);
  const compileAll = pyodide.globals.get("compile_all");
  return JSON.parse(compileAll(pyodide.toPy(pairs)));
}

const RECORD = `
import sys
def loaded():
    import json
    places = {}
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        origin = getattr(spec, "origin", None) if spec else None
        if origin and origin.startswith("/"):
            places[name] = origin
    return json.dumps(places)
`;

/** Boot from `job.tree` (real folder -> folder in the file system), run `job.scripts`, list what was imported. */
async function record() {
  const empty = join(job.folder, "empty.zip");
  await writeFile(empty, Buffer.from([0x50, 0x4b, 5, 6, ...new Array(18).fill(0)]));
  const pyodide = await loadPyodide({
    indexURL: job.pyodide,
    stdLibURL: empty,
    lockFileContents: JSON.stringify(job.lock),
    fsInit: async (FS) => {
      for (const [path, real] of job.files) {
        FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
        FS.writeFile(path, await readFile(real));
      }
    },
  });
  pyodide.runPython(RECORD);
  const failed = {};
  for (const [name, script] of Object.entries(job.scripts)) {
    try {
      pyodide.runPython(script);
    } catch (error) {
      failed[name] = String(error.message ?? error);
    }
  }
  return { modules: JSON.parse(pyodide.globals.get("loaded")()), failed };
}

const answer = await { compile, record }[command]();
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
