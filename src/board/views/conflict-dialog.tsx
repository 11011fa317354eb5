import { useRef } from "preact/hooks";
import { indented, type EntryDetail } from "../entry-detail.ts";
import { Diff } from "../ui/code.tsx";
import { Dialog } from "../ui/dialog.tsx";

interface ConflictDialogProps {
  /** Null: the entry was deleted. */
  readonly theirs: EntryDetail | null;
  readonly mine: string;
  readonly onClose: () => void;
  readonly onTake: () => void;
  readonly onKeep: (text: string) => void;
}

/** Another client wrote first. Shows both values, and the person chooses one or merges them. */
export function ConflictDialog({ theirs, mine, onClose, onTake, onKeep }: ConflictDialogProps) {
  const text = useRef(mine);
  return (
    <Dialog title="Another client wrote first" onClose={onClose} isWide>
      <p>
        {theirs === null
          ? "The entry was deleted while you edited it."
          : `${theirs.updatedBy ?? "Another client"} wrote revision ${theirs.revision} while you edited.`}{" "}
        Nothing was saved. The stored value is on the left. Your value is on the right, and you can
        still change it.
      </p>
      <div class="diff-box">
        <Diff
          before={theirs === null ? "" : indented(theirs.value)}
          after={mine}
          labels={["Stored value", "Your value"]}
          onChange={(changed) => (text.current = changed)}
        />
      </div>
      <footer>
        <button type="button" onClick={onClose}>
          Keep editing
        </button>
        <button type="button" onClick={onTake}>
          Use the stored value
        </button>
        <button type="button" class="primary" onClick={() => onKeep(text.current)}>
          Save my value
        </button>
      </footer>
    </Dialog>
  );
}
