import { useRef, useState } from "preact/hooks";
import { number } from "../format.ts";
import { go } from "../route.ts";
import { mayWrite, messageOf, store } from "../session.ts";
import { say } from "../toast.ts";
import { exportNamespace, importEntries } from "../transfer.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";

interface Progress {
  readonly what: string;
  readonly done: number;
  readonly of: number;
}

/** The buttons to export, import and clear a namespace. */
export function NamespaceMenu({
  namespace,
  entryCount,
}: {
  namespace: string;
  entryCount: number;
}) {
  const [isClearing, setClearing] = useState(false);
  const [typed, setTyped] = useState("");
  const [progress, setProgress] = useState<Progress | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const run = async (
    what: string,
    work: (report: (done: number, of: number) => void) => Promise<string>,
  ) => {
    setProgress({ what, done: 0, of: 1 });
    try {
      say(await work((done, of) => setProgress({ what, done, of })));
    } catch (error) {
      say(messageOf(error), true);
    } finally {
      setProgress(null);
    }
  };
  const clear = async () => {
    setClearing(false);
    try {
      const { clearNamespace } = await store().graphql<{
        clearNamespace: { clearedCount: number };
      }>(
        "mutation clear($input: ClearNamespaceInput!) { clearNamespace(input: $input) { clearedCount } }",
        { input: { namespace } },
      );
      say(`${number(clearNamespace.clearedCount)} entries were deleted.`);
      go("entries", { ns: namespace });
    } catch (error) {
      say(messageOf(error), true);
    }
  };
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-label="Export the namespace"
        title="Export"
        disabled={entryCount === 0 || progress !== null}
        onClick={() =>
          void run("Exporting", (report) => exportNamespace(namespace, entryCount, report))
        }
      >
        <Icon name="download" />
      </button>
      {mayWrite(namespace) && (
        <>
          <button
            type="button"
            class="quiet"
            aria-label="Import a file into the namespace"
            title="Import"
            disabled={progress !== null}
            onClick={() => file.current?.click()}
          >
            <Icon name="upload" />
          </button>
          <input
            ref={file}
            type="file"
            hidden
            accept=".jsonl,.ndjson,application/x-ndjson"
            aria-label="File to import"
            onChange={(event) => {
              const [chosen] = event.currentTarget.files ?? [];
              event.currentTarget.value = "";
              if (chosen)
                void run("Importing", (report) => importEntries(namespace, chosen, report));
            }}
          />
          <button
            type="button"
            class="quiet"
            aria-label="Clear the namespace"
            title="Clear"
            disabled={entryCount === 0}
            onClick={() => {
              setTyped("");
              setClearing(true);
            }}
          >
            <Icon name="trash" />
          </button>
        </>
      )}
      {progress && (
        <div class="progress" role="status">
          {progress.what}{" "}
          <progress max={progress.of} value={progress.done} aria-label={progress.what} />
        </div>
      )}
      {isClearing && (
        <Dialog title="Clear this namespace?" onClose={() => setClearing(false)}>
          <form
            class="form"
            onSubmit={(event) => {
              event.preventDefault();
              void clear();
            }}
          >
            <p>
              Every entry of <bdi class="mono">{namespace}</bdi> is deleted in one step. The history
              keeps their values.
            </p>
            <label>
              Type the number of entries, {entryCount}, to confirm
              <input
                autoFocus
                inputMode="numeric"
                value={typed}
                onInput={(event) => setTyped(event.currentTarget.value)}
              />
            </label>
            <footer>
              <button type="button" onClick={() => setClearing(false)}>
                Cancel
              </button>
              <button type="submit" class="danger" disabled={typed.trim() !== String(entryCount)}>
                Clear {number(entryCount)} entries
              </button>
            </footer>
          </form>
        </Dialog>
      )}
    </>
  );
}
