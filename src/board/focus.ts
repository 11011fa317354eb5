/** The title of the entry that is shown. */
export const entryTitleId = "entry-title";

const afterRender = (work: () => void) => requestAnimationFrame(() => requestAnimationFrame(work));

/** Goes to the entry that was opened, for whoever opened it with the keyboard. */
export function focusEntry(): void {
  afterRender(() => document.getElementById(entryTitleId)?.focus());
}

/** Goes to the list of the view. */
export function focusList(): void {
  afterRender(() => document.querySelector<HTMLElement>("main .list.virtual")?.focus());
}
