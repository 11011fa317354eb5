// A bar chart as SVG, without a dependency: each check is a bar, where 1 is exactly the requirement.

const width = 760;
const labelWidth = 330;
const barWidth = 300;
const lineHeight = 26;
const topHeight = 48;
/** A bar that is longer than this multiple of the requirement is cut here. */
const longest = 2;

const escape = (text) => text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);

/**
 * @param {{ title: string, checks: { what: string, median: number, text: string, required?: object, holds: boolean }[]
 * }} result
 * @returns {string} the ratio of each check to its requirement, so that longer is always better
 */
export function chartOf({ title, checks }) {
  const shown = checks.filter(({ required }) => required !== undefined);
  const height = topHeight + shown.length * lineHeight + 12;
  const unit = barWidth / longest;
  const bars = shown.map(({ what, median, text, required, holds }, place) => {
    const y = topHeight + place * lineHeight;
    const share =
      required.atLeast === undefined ? required.atMost / median : median / required.atLeast;
    const length = Math.max(1, Math.min(longest, Number.isFinite(share) ? share : 0) * unit);
    return `<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end">${escape(what)}</text>
<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="18" fill="${holds ? "#2a7f62" : "#c2532f"}"/>
<text x="${labelWidth + length + 6}" y="${y + 13}">${escape(text)}</text>`;
  });
  const x = labelWidth + unit;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="12" y="20" font-size="14" font-weight="600">${escape(title)}</text>
<text x="${x}" y="38" text-anchor="middle" fill="#666">required</text>
${bars.join("\n")}
<line x1="${x}" y1="42" x2="${x}" y2="${height - 8}" stroke="#222" stroke-dasharray="3 3"/>
</svg>
`;
}
