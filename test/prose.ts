/** Every character but line ends as a space, so that the numbers of lines stay. */
const blank = (text: string) => text.replaceAll(/[^\n]/g, " ");

/** What a reader reads of a file, with the rest as spaces. */
export function textOf(file: string, content: string): string {
  return file.endsWith(".md") ? textOfPage(content) : textOfCode(content);
}

/** Without code, and without the targets of links. */
function textOfPage(page: string): string {
  return page
    .replaceAll(/^```.*?^```$/gms, blank)
    .replaceAll(/^(?: {4}|\t)(?!\s*[-*\d]).*$/gm, blank)
    .replaceAll(/`[^`]*`/g, blank)
    .replaceAll(/\]\([^)]*\)/g, (link) => `]${blank(link.slice(1))}`)
    .replaceAll(/https?:\S+/g, blank);
}

const codeParts =
  /\/\/(?<line>[^\n]*)|\/\*(?<block>.*?)\*\/|(?:from|import\()\s*"[^"\n]*"|"(?<double>(?:\\.|[^"\\\n])*)"|'(?<single>(?:\\.|[^'\\\n])*)'|`(?<template>(?:\\.|[^`\\])*)`/gs;

/** Comments and texts, without the code that they quote. */
function textOfCode(code: string): string {
  let text = "";
  let end = 0;
  for (const { 0: all, index, groups = {} } of code.matchAll(codeParts)) {
    const inner = groups.line ?? groups.block ?? groups.double ?? groups.single ?? groups.template;
    const quoted = groups.template === undefined ? /`[^`]*`|\\n/g : /\$\{[^}]*\}|\\n/g;
    text += blank(code.slice(end, index));
    text +=
      inner === undefined
        ? blank(all)
        : all
            .replace(inner, () =>
              inner.replaceAll(quoted, blank).replaceAll(/^\s*\*(?= )/gm, blank),
            )
            .replaceAll(/^\/[/*]+|\*\/$|^["'`]|["'`]$/g, blank);
    end = index + all.length;
  }
  return text + blank(code.slice(end));
}
