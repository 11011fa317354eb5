import { visibleName } from "../format.ts";
import { go } from "../route.ts";
import { Icon } from "./icons.tsx";

/** The heading of a list of namespaces or entries. On a phone, a button returns to the tree. */
export function ListTitle({ title }: { title: string }) {
  return (
    <>
      <button
        type="button"
        class="quiet only-phone"
        aria-label="Back to the namespaces"
        onClick={() => go("entries")}
      >
        <Icon name="back" />
      </button>
      <h1 title={title}>
        <bdi>{visibleName(title)}</bdi>
      </h1>
    </>
  );
}
