import { useEffect, useRef } from "preact/hooks";
import type { EditorHandle } from "../editor.ts";
import { messageOf } from "../session.ts";
import { say } from "../toast.ts";

const load = () => import("../editor.ts");

interface CodeProps {
  readonly text: string;
  readonly label: string;
  readonly onChange?: (text: string) => void;
  /** Called for Ctrl+Enter. */
  readonly onSave?: () => void;
}

/** Shows a text in the editor, and loads the editor if necessary. */
export function Code({ text, label, onChange, onSave }: CodeProps) {
  const save = useRef(onSave);
  save.current = onSave;
  return (
    <Loaded
      signature={onChange ? "edit" : text}
      open={async (parent) =>
        (await load()).openEditor(parent, text, {
          label,
          ...(onChange ? { onChange, onSave: () => save.current?.() } : {}),
        })
      }
      shouldFocus={onChange !== undefined}
    />
  );
}

interface DiffProps {
  readonly before: string;
  readonly after: string;
  readonly labels: readonly [string, string];
  readonly onChange?: (text: string) => void;
}

/** Shows two texts next to each other. */
export function Diff({ before, after, labels, onChange }: DiffProps) {
  return (
    <Loaded
      signature={onChange ? before : `${before}\0${after}`}
      open={async (parent) =>
        (await load()).openDiff(parent, before, after, {
          labels,
          ...(onChange ? { onChange } : {}),
        })
      }
    />
  );
}

interface LoadedProps {
  readonly signature: string;
  readonly open: (parent: HTMLElement) => Promise<EditorHandle>;
  readonly shouldFocus?: boolean;
}

function Loaded({ signature, open, shouldFocus = false }: LoadedProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let handle: EditorHandle | null = null;
    let isOver = false;
    open(box.current as HTMLDivElement).then(
      (opened) => {
        if (isOver) return opened.destroy();
        handle = opened;
        if (shouldFocus) opened.focus();
      },
      (error: unknown) =>
        say(`The editor could not be loaded: ${messageOf(error)}. Reload the page.`, true),
    );
    return () => {
      isOver = true;
      handle?.destroy();
    };
  }, [signature]);
  return <div class="code" ref={box} />;
}
