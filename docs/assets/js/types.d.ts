/** Shapes that pass between the page's scripts. Types only: nothing here reaches the browser. */

/** What the page says about itself, from `<template id="atlas-page">`. */
export interface PageData {
  slug: string;
  title: string;
  family?: string;
  figures?: string[];
  /** Whether the cells are a lesson's, each built on the ones above it. */
  lesson?: boolean;
}

/** One visit to one page, from mount until the reader leaves it. */
export interface Page {
  /** The page's content; everything the scripts touch is inside it. */
  root: HTMLElement;
  /** `null` on pages without figures or cells. */
  data: PageData | null;
  /** Aborted when the reader leaves: listeners, observers and timers end with it. */
  signal: AbortSignal;
}

export type ControlValue = string | number | boolean | number[] | number[][];
export type ControlValues = Record<string, ControlValue>;

/** A Plotly figure as `build_figures.py` or Python in the page returns it. */
export interface PlotFigure {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
  /** A sentence on what was made of the controls. */
  note?: string;
}

/** A figure under a lesson's cell. */
export interface ShownFigure {
  figure: PlotFigure;
  caption: string;
}

export interface ControlSpec {
  type: "text" | "slider" | "choice" | "toggle" | "draw" | "point";
  name: string;
  label: string;
  value: ControlValue;
  values?: ControlValue[];
  unit?: string;
  x?: [number, number];
  y?: [number, number];
}

/** `generated/figures/<slug>/<name>.json` */
export interface FigureSpec {
  id: string;
  slug: string;
  name: string;
  caption: string;
  description: string;
  uses: string[];
  controls: ControlSpec[];
  precomputed: boolean;
  height: number;
  figure: PlotFigure;
}

/** What went wrong in the reader's Python, plain words first. */
export interface PythonError {
  plain: string;
  line?: number | null;
  column?: number | null;
  source?: string | null;
  type?: string;
  message?: string;
  traceback?: string;
}

export interface DrawAnswer {
  figure?: PlotFigure;
  error?: PythonError;
  superseded?: boolean;
  stopped?: boolean;
}

export interface RunAnswer {
  result?: string | null;
  /** In place of `result`, when the last expression is a figure that is shown. */
  plot?: ShownFigure;
  /** Figures of the page that the run reaches. */
  redraw?: string[];
  /** Modules of the page in which an edit of the reader's is in force. */
  edited?: string[];
  /** What the run had changed for everyone, and was put back. */
  restored?: string[];
  error?: PythonError;
  stopped?: boolean;
}

export type PythonState = "off" | "loading" | "ready" | "failed";

export interface ProgressDetail {
  stage: string;
  loaded: number;
  total: number;
}

/** The worker's client (`python.js`). */
export interface PythonClient extends EventTarget {
  readonly state: PythonState;
  warm(): void;
  open(slug: string): Promise<unknown>;
  draw(figure: string, values: ControlValues, options?: { signal?: AbortSignal }): Promise<DrawAnswer>;
  run(cell: string, text: string, options?: { onOutput?: (text: string) => void }): Promise<RunAnswer>;
  reset(cell: string): Promise<RunAnswer>;
  stop(): Promise<unknown>;
}

/** The CodeMirror editor (`generated/js/editor.js`). */
export interface Editor {
  getText(): string;
  setText(text: string): void;
  focus(): void;
  destroy(): void;
  /** Marks the reader's 1-based line as the one that failed; `null` clears the mark. */
  markLine?(line: number | null): void;
}

export interface EditorModule {
  createEditor(options: {
    parent: HTMLElement;
    doc: string;
    label: string;
    /** Offset of the caret in `doc`. */
    caret?: number;
    onRun: () => void;
    onChange: (text: string) => void;
  }): Editor;
}

/** The parts of Plotly the page uses. */
export interface PlotlyLibrary {
  react(
    element: HTMLElement,
    data: Record<string, unknown>[],
    layout: Record<string, unknown>,
    config: Record<string, unknown>,
  ): Promise<HTMLElement>;
  purge(element: HTMLElement): void;
  Plots: { resize(element: HTMLElement): unknown };
}

/** An axis of a drawn plot: pixels from the plot area's edge to data and back. */
export interface PlotAxis {
  p2d(pixel: number): number;
  d2p(value: number): number;
  _offset: number;
  _length: number;
}

export interface ColourPair {
  light: string;
  dark: string;
}

/** `snippets/kit/tokens.json` */
export interface Tokens {
  colours: Record<string, ColourPair>;
  scales: Record<string, { light: string[]; dark: string[] }>;
  families: Record<string, ColourPair>;
}
