import { snippetsOf } from "../snippets.ts";
import { Command } from "../ui/empty-state.tsx";

export function SnippetsTab({ namespace, entryKey }: { namespace: string; entryKey: string }) {
  return (
    <div class="snippets">
      {snippetsOf(namespace, entryKey).map(({ name, text }) => (
        <section key={name}>
          <h2 class="sub">{name}</h2>
          <Command text={text} />
        </section>
      ))}
    </div>
  );
}
