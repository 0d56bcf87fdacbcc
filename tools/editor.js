/**
 * The editor of a cell: CodeMirror 6 with what writing a few lines of Python takes. Bundled to
 * `generated/js/editor.js` and loaded when the reader first goes into a cell's code.
 *
 * Tab indents. Escape, then Tab, leaves the editor, so that the keyboard is never caught in it.
 */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, temporarilySetTabFocusMode } from "@codemirror/commands";
import { pythonLanguage, localCompletionSource } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = (name) => `var(--md-code-hl-${name}-color)`;

/** The theme's own colours for code, so that a block looks the same before and after the editor opens. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.definitionKeyword, tags.moduleKeyword], color: theme("keyword") },
  { tag: [tags.string, tags.special(tags.string)], color: theme("string") },
  { tag: tags.number, color: theme("number") },
  { tag: [tags.bool, tags.null, tags.self], color: theme("constant") },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], color: theme("function") },
  { tag: [tags.comment, tags.lineComment], color: theme("comment") },
  { tag: [tags.operator, tags.arithmeticOperator, tags.compareOperator], color: theme("operator") },
  { tag: [tags.punctuation, tags.bracket, tags.separator], color: theme("punctuation") },
  { tag: tags.meta, color: theme("special") },
]);

const mark = StateEffect.define();
const failed = Decoration.line({ class: "atlas-cell__failed-line" });

/** The line that failed, until the text changes. */
const failedLine = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(mark)) {
        const { doc } = transaction.state;
        const inside = effect.value !== null && effect.value >= 1 && effect.value <= doc.lines;
        return inside ? Decoration.set([failed.range(doc.line(effect.value).from)]) : Decoration.none;
      }
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const look = EditorView.theme({
  "&": { fontSize: "inherit" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "inherit", overflowX: "auto" },
  ".cm-content": { caretColor: "currentColor" },
  ".cm-cursor": { borderLeftColor: "currentColor" },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": { background: "color-mix(in srgb, var(--atlas-accent) 22%, transparent) !important" },
  "&.cm-focused .cm-matchingBracket": { background: "color-mix(in srgb, var(--atlas-accent) 18%, transparent)" },
  ".atlas-cell__failed-line": { background: "color-mix(in srgb, var(--atlas-negative) 16%, transparent)", boxShadow: "inset 3px 0 0 var(--atlas-negative)" },
  ".cm-tooltip": { background: "var(--atlas-paper)", color: "var(--atlas-ink)", border: "1px solid var(--atlas-grid)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--atlas-accent)", color: "var(--atlas-paper)" },
});

/**
 * @param {object} options
 * @param {HTMLElement} options.parent
 * @param {string} options.doc
 * @param {string} options.label what a screen reader calls the editor
 * @param {number} [options.caret] offset of the caret in `doc`
 * @param {() => void} options.onRun Shift-Enter, Ctrl-Enter or Cmd-Enter
 * @param {(text: string) => void} options.onChange after each edit of the reader, not after `setText`
 * @returns {{ getText(): string, setText(text: string): void, focus(): void, destroy(): void, markLine(line: number | null): void }}
 */
export function createEditor({ parent, doc, label, caret = 0, onRun, onChange }) {
  const run = () => {
    onRun();
    return true;
  };
  let quiet = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc,
      selection: { anchor: Math.min(Math.max(caret, 0), doc.length) },
      extensions: [
        Prec.highest(keymap.of([{ key: "Shift-Enter", run }, { key: "Mod-Enter", run }, { key: "Ctrl-Enter", run }])),
        history(),
        drawSelection(),
        pythonLanguage,
        pythonLanguage.data.of({ autocomplete: localCompletionSource }),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ activateOnTyping: false, icons: false }),
        syntaxHighlighting(colours),
        failedLine,
        look,
        keymap.of([
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...historyKeymap,
          { key: "Escape", run: temporarilySetTabFocusMode },
          indentWithTab,
          ...defaultKeymap,
        ]),
        EditorView.contentAttributes.of({ "aria-label": `${label}. Escape, then Tab leaves the editor.` }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    getText: () => view.state.doc.toString(),
    setText(text) {
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      quiet = false;
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
    markLine: (line) => view.dispatch({ effects: mark.of(line) }),
  };
}
