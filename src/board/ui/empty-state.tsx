import type { ComponentChildren } from "preact";
import { say } from "../toast.ts";
import { Icon, type IconName } from "./icons.tsx";

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
  /** A command to copy. */
  readonly command?: string;
}

/** Fills an empty view, and says what to do first. */
export function EmptyState({ icon, title, children, command }: EmptyProps) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={22} />
      </span>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {command && <Command text={command} />}
    </div>
  );
}

/** Shows a command with a button that copies it. */
export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <pre>{text}</pre>
      <button
        type="button"
        class="quiet"
        aria-label="Copy the command"
        onClick={() => void copy(text)}
      >
        <Icon name="copy" />
      </button>
    </div>
  );
}

export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say("The browser does not allow this page to copy. Select the text and copy it.", true);
  }
}
