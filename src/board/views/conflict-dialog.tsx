import { useRef } from "preact/hooks";
import { indented, type EntryDetail } from "../entry-detail.ts";
import { Diff } from "../ui/code.tsx";
import { Dialog } from "../ui/dialog.tsx";

interface ConflictDialogProps {
  /** Null: it was deleted. */
  readonly theirs: EntryDetail | null;
  readonly mine: string;
  readonly onClose: () => void;
  readonly onTake: () => void;
  readonly onKeep: (text: string) => void;
}

/** Another write came first: both are shown, and the person chooses, or puts them together. */
export function ConflictDialog({ theirs, mine, onClose, onTake, onKeep }: ConflictDialogProps) {
  const text = useRef(mine);
  return (
    <Dialog title="Another write came first" onClose={onClose} isWide>
      <p>
        {theirs === null
          ? "The entry was deleted while you edited it."
          : `${theirs.updatedBy ?? "Another writer"} wrote revision ${theirs.revision} while you edited.`}{" "}
        Nothing was saved. On the left is what is stored now, on the right is yours, which you can
        still change.
      </p>
      <div class="diff-box">
        <Diff
          before={theirs === null ? "" : indented(theirs.value)}
          after={mine}
          labels={["What is stored now", "Your value"]}
          onChange={(changed) => (text.current = changed)}
        />
      </div>
      <footer>
        <button type="button" onClick={onClose}>
          Go on editing
        </button>
        <button type="button" onClick={onTake}>
          Take what is stored
        </button>
        <button type="button" class="primary" onClick={() => onKeep(text.current)}>
          Save mine
        </button>
      </footer>
    </Dialog>
  );
}
