/** The id of the title of the entry that is shown. */
export const entryTitleId = "entry-title";

const afterRender = (work: () => void) => requestAnimationFrame(() => requestAnimationFrame(work));

/** Moves the focus to the entry that was opened with the keyboard. */
export function focusEntry(): void {
  afterRender(() => document.getElementById(entryTitleId)?.focus());
}

/** Moves the focus to the list of the view. */
export function focusList(): void {
  afterRender(() => document.querySelector<HTMLElement>("main .list.virtual")?.focus());
}
