/**
 * Runs Pyodide under Node, so that bytecode is made by the very interpreter that will read it.
 *
 *   node pyodide_node.mjs compile <job.json>   sources -> .pyc, next to nothing else
 *   node pyodide_node.mjs record  <job.json>   start from a tree of .pyc and list the modules that were loaded
 *   node pyodide_node.mjs snapshot <job.json>  start in the same way and write Python's memory to a folder
 *
 * A job is `{"pyodide": folder of the npm package, ...}`; the answer is one JSON line on stdout.
 */
import crypto from "node:crypto";
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

/** Start from `job.files`, pairs of a place in Python's file system and a real file. */
async function start(options) {
  const empty = join(job.folder, "empty.zip");
  await writeFile(empty, Buffer.from([0x50, 0x4b, 5, 6, ...new Array(18).fill(0)]));
  return loadPyodide({
    indexURL: job.pyodide,
    stdLibURL: empty,
    lockFileContents: JSON.stringify(job.lock),
    env: { PYTHONPATH: "/atlas", PYTHONDONTWRITEBYTECODE: "1" }, // as in the page, like what follows
    _sysExecutable: "./this.program",
    fsInit: async (FS) => {
      for (const [path, real] of job.files) {
        FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
        FS.writeFile(path, await readFile(real));
      }
    },
    ...options,
  });
}

/** Boot, run `job.scripts`, list what was imported. */
async function record() {
  const pyodide = await start({});
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

const SPARE_SLOTS = 64; // a browser may put other functions into the table before Python starts
const PROOF = "import torch; repr((torch.ones(2, 3) @ torch.ones(3, 1)).flatten())";

/**
 * Run `job.scripts`, write what `docs/assets/js/snapshot.js` needs to `job.folder`, and wake from it once for proof.
 * Time and random numbers are made up, so that the same Python gives the same memory.
 */
async function snapshot() {
  const { PAGE, addresses, replay, rest, wakeNext } = await import("../docs/assets/js/snapshot.js");
  makeUpTimeAndChance();
  await import(pathToFileURL(job.script).href);
  const { instantiate } = WebAssembly;
  let given; // what Pyodide's JavaScript gives to its WebAssembly
  let full = false;
  WebAssembly.instantiate = (module, imports) => {
    if (imports?.env?._PyEM_InitTrampoline_js) {
      given = imports.env;
      const { emscripten_resize_heap: grow } = given;
      given.emscripten_resize_heap = (bytes) => (full ? 0 : grow(bytes));
      given._Py_emscripten_runtime = () => Module.stringToNewUTF8("a browser");
    }
    return instantiate(module, imports);
  };
  const create = globalThis._createPyodideModule;
  let Module;
  globalThis._createPyodideModule = (settings) => {
    Module = settings;
    settings.onRuntimeInitialized = () => settings.wasmTable.grow(SPARE_SLOTS);
    globalThis._createPyodideModule = create;
    return create(settings);
  };
  const pyodide = await start({ _makeSnapshot: true, enableRunUntilComplete: false });
  const names = pyodide.runPython("dict()");
  for (const script of job.scripts) pyodide.runPython(script, { globals: names });
  names.destroy();
  pyodide.runPython("import atlas_snapshot; atlas_snapshot.settle(); del atlas_snapshot");
  const hiwire = Module.API.serializeHiwireState();
  const libraries = loadedLibraries(Module);
  const stack = [Module.___stack_low, Module.___stack_high].map((place) => Math.ceil(place / PAGE) * PAGE);
  stack[1] -= PAGE; // the page that it shares with what comes after
  const meta = { hiwire, libraries, memory: Module.HEAPU8.length, table: Module.wasmTable.length, stack };
  meta.addresses = addresses(Module);
  full = true;
  clearFreeMemory(Module);
  full = false;
  const memory = Module.HEAPU8.slice();

  const modules = [];
  for (const { name } of libraries) modules.push(await WebAssembly.compile(Module.FS.readFile(name)));
  const first = await before(meta, modules, replay, "en-GB");
  const second = await before(meta, modules, replay, "zh-Hant-HK");
  meta.runs = runs(memory, first, second, stack, PAGE);
  meta.rest = rest(first, meta);
  const pages = Buffer.concat(meta.runs.map(([page, count]) => memory.subarray(page * PAGE, (page + count) * PAGE)));
  await writeFile(join(job.folder, "memory.bin"), pages);

  wakeNext(Promise.resolve({ meta, pages, libraries: modules }), () => given);
  const woken = await start({ _loadSnapshot: new Uint8Array(), enableRunUntilComplete: false });
  return { meta, proof: woken.runPython(PROOF) };
}

function makeUpTimeAndChance() {
  let state = 1;
  crypto.randomFillSync = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
    return array;
  };
  Date.now = () => Date.UTC(2020, 0);
  performance.now = () => 1000;
}

/** The shared libraries that Python has loaded, in their order, with the functions that it asked them for. */
function loadedLibraries(Module) {
  const slots = new Map();
  for (let slot = Module.wasmTable.length - 1; slot > 0; slot--) slots.set(Module.wasmTable.get(slot), slot);
  const loaded = [];
  for (const [key, { name, refcount, global, exports }] of Object.entries(Module.LDSO.loadedLibsByHandle)) {
    const handle = Number(key);
    if (!handle) continue;
    const symbols = Object.entries(exports).filter(([symbol, value]) => symbol.startsWith("PyInit_") && slots.has(value));
    loaded.push({
      name,
      handle,
      global,
      lasting: refcount === Infinity,
      memoryBase: Module.HEAPU32[(handle + 12) / 4],
      tableBase: Module.HEAPU32[(handle + 20) / 4],
      symbols: symbols.map(([symbol, value]) => [symbol, slots.get(value)]),
    });
  }
  return loaded.sort((one, other) => one.tableBase - other.tableBase);
}

/** What is left in memory that nobody uses would be read by nobody and fetched by everybody. */
function clearFreeMemory(Module) {
  const taken = [];
  for (let bytes = 1 << 20; bytes >= 16; bytes >>= 1) {
    for (let place; (place = Module._emscripten_builtin_malloc(bytes)); ) {
      Module.HEAPU8.fill(0, place, place + bytes);
      taken.push(place);
    }
  }
  for (const place of taken) Module._free(place);
}

/** The memory of a Pyodide with the libraries loaded, just before the snapshot is written over it. */
async function before(meta, modules, replay, language) {
  Object.defineProperty(globalThis, "navigator", { value: { languages: [language], userAgent: language }, configurable: true });
  const create = globalThis._createPyodideModule;
  let memory;
  globalThis._createPyodideModule = async (settings) => {
    globalThis._createPyodideModule = create;
    const Module = await create(settings);
    replay(Module, meta, modules);
    memory = Module.HEAPU8.slice();
    throw new Error("enough");
  };
  await start({ _loadSnapshot: new Uint8Array() }).catch((error) => {
    if (!memory) throw error;
  });
  delete globalThis.navigator;
  return memory;
}

/** First page and number of pages of each stretch that the snapshot has to hold. */
function runs(memory, first, second, [low, high], page) {
  const found = [];
  for (let start = 0; start < memory.length; start += page) {
    if (start >= low && start < high) continue;
    const here = (bytes) => Buffer.from(bytes.buffer, start, page);
    if (here(memory).equals(here(first)) && here(first).equals(here(second))) continue;
    const last = found.at(-1);
    if (last && last[0] + last[1] === start / page) last[1] += 1;
    else found.push([start / page, 1]);
  }
  return found;
}

const answer = await { compile, record, snapshot }[command]();
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
