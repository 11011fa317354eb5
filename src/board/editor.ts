import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { linter, lintGutter } from "@codemirror/lint";
import { MergeView } from "@codemirror/merge";
import { EditorState, Prec, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

// The editor is loaded when a text is first shown. It is in a shadow root, whose styles are objects and not elements,
// so the page's policy needs no exception for styles.

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--json-name)" },
  { tag: tags.string, color: "var(--json-string)" },
  { tag: tags.number, color: "var(--json-number)" },
  { tag: [tags.bool, tags.null], color: "var(--json-word)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", color: "var(--text)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    {
      backgroundColor: "var(--selection)",
    },
  ".cm-changedLine": { backgroundColor: "var(--changed-line) !important" },
  ".cm-changedText": { background: "var(--changed-text) !important" },
  "&.cm-merge-a .cm-changedLine": { backgroundColor: "var(--deleted-line) !important" },
  "&.cm-merge-a .cm-changedText": { background: "var(--deleted-text) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--deleted-line)" },
  // The linter's default marks are images in its styles, which the page's policy blocks.
  ".cm-lint-marker-error": {
    content: "normal",
    width: "8px",
    height: "8px",
    margin: "6px 2px",
    borderRadius: "50%",
    backgroundColor: "var(--red)",
  },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--red)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    border: "1px solid var(--line)",
    color: "var(--text)",
  },
  ".cm-collapsedLines": { background: "var(--hover)", color: "var(--muted)" },
});

/** Longer lines are not highlighted, because CodeMirror would need seconds for them. */
const maxHighlightedUnits = 2_000_000;

function basics(text: string, label: string): Extension[] {
  return [
    lineNumbers(),
    highlightSpecialChars(),
    drawSelection(),
    bracketMatching(),
    look,
    EditorView.contentAttributes.of({ "aria-label": label }),
    ...(text.length > maxHighlightedUnits
      ? []
      : [json(), foldGutter(), syntaxHighlighting(colours)]),
    EditorView.lineWrapping,
  ];
}

function shadowOf(parent: HTMLElement): ShadowRoot {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  root.replaceChildren();
  return root;
}

export interface EditorHandle {
  text(): string;
  focus(): void;
  destroy(): void;
}

/** Shows a text. If `onChange` is given, the text can be edited, and `onChange` receives each new text. */
export function openEditor(
  parent: HTMLElement,
  text: string,
  {
    label,
    onChange,
    onSave,
  }: {
    readonly label: string;
    readonly onChange?: (text: string) => void;
    readonly onSave?: () => void;
  },
): EditorHandle {
  const root = shadowOf(parent);
  const box = document.createElement("div");
  box.style.height = "100%";
  root.append(box);
  const editing: Extension[] = onChange
    ? [
        history(),
        indentOnInput(),
        highlightActiveLine(),
        Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => (onSave?.(), true) }])),
        keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, indentWithTab]),
        linter(jsonParseLinter(), { delay: 200 }),
        lintGutter(),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ]
    : [EditorState.readOnly.of(true), keymap.of([...defaultKeymap, ...foldKeymap])];
  const view = new EditorView({
    root,
    parent: box,
    state: EditorState.create({ doc: text, extensions: [...basics(text, label), ...editing] }),
  });
  return {
    text: () => view.state.doc.toString(),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** Shows two texts next to each other, with their differences. The right one can be edited if `onChange` is given. */
export function openDiff(
  parent: HTMLElement,
  before: string,
  after: string,
  {
    labels,
    onChange,
  }: { readonly labels: readonly [string, string]; readonly onChange?: (text: string) => void },
): EditorHandle {
  const root = shadowOf(parent);
  const box = document.createElement("div");
  box.style.height = "100%";
  box.style.overflow = "auto";
  root.append(box);
  const view = new MergeView({
    root,
    parent: box,
    a: { doc: before, extensions: [...basics(before, labels[0]), EditorState.readOnly.of(true)] },
    b: {
      doc: after,
      extensions: [
        ...basics(after, labels[1]),
        onChange
          ? EditorView.updateListener.of((update) => {
              if (update.docChanged) onChange(update.state.doc.toString());
            })
          : EditorState.readOnly.of(true),
      ],
    },
    collapseUnchanged: { margin: 3, minSize: 6 },
    gutter: true,
  });
  return {
    text: () => view.b.state.doc.toString(),
    focus: () => view.b.focus(),
    destroy: () => view.destroy(),
  };
}
