import { useState } from "preact/hooks";
import { writeEntry } from "../entry-detail.ts";
import { Refusal } from "../graphql.ts";
import { go } from "../route.ts";
import { messageOf } from "../session.ts";
import { Dialog } from "../ui/dialog.tsx";
import { jsonErrorOf } from "./entry-pane.tsx";
import { ExpirySelect, type Expiry } from "./expiry-select.tsx";

export function NewEntry({ namespace, onClose }: { namespace: string; onClose: () => void }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("{}");
  const [expiry, setExpiry] = useState<Expiry>("keep");
  const [error, setError] = useState<string | null>(null);
  const jsonError = jsonErrorOf(value);
  const create = async () => {
    try {
      const ttl = typeof expiry === "number" ? { ttlSeconds: expiry } : {};
      await writeEntry({ namespace, key, value, ifRevision: "0", ...ttl });
      onClose();
      go("entries", { ns: namespace, key });
    } catch (caught) {
      const isThere = caught instanceof Refusal && caught.code === "CONFLICT";
      setError(
        isThere
          ? "An entry with this key already exists. Choose another key, or edit the entry."
          : messageOf(caught),
      );
    }
  };
  return (
    <Dialog title="New entry" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <label>
          Key
          <input
            required
            autoFocus
            class="mono"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <label>
          Value, as JSON
          <textarea
            class="mono"
            rows={8}
            spellcheck={false}
            value={value}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        </label>
        <ExpirySelect value={expiry} current={null} onChange={setExpiry} />
        {(error ?? jsonError) !== null && (
          <p class="notice error" role="alert">
            {error ?? jsonError}
          </p>
        )}
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={jsonError !== null}>
            Create
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
