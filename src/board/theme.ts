import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const themeKey = "baton:theme";

export const theme = signal<Theme>((localStorage.getItem(themeKey) as Theme | null) ?? "system");

effect(() => {
  const { value } = theme;
  if (value === "system") localStorage.removeItem(themeKey);
  else localStorage.setItem(themeKey, value);
  if (value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = value;
});

export function nextTheme(): void {
  const isDark =
    theme.value === "dark" ||
    (theme.value === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  theme.value = isDark ? "light" : "dark";
}
