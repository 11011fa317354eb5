import { groupOf } from "./groups.mjs";

/**
 * Self time of a V8 CPU profile between two instants, by group and by function. A native function without a file, such
 * as one of a driver's binary, counts with the group of its caller.
 *
 * @param {object} profile as V8 writes it
 * @param {number} beginUs of the monotonic clock, as is `endUs`
 */
export function selfTimeOf(profile, beginUs, endUs) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const groups = new Map();
  const place = (node, inherited) => {
    const own = groupOf(node.callFrame) ?? inherited;
    groups.set(node.id, own);
    for (const child of node.children ?? []) place(nodes.get(child), own);
  };
  place(profile.nodes[0], "other");

  const byGroup = new Map();
  const byFunction = new Map();
  let idleUs = 0;
  let at = profile.startTime;
  for (const [sample, id] of profile.samples.entries()) {
    const us = profile.timeDeltas[sample];
    at += us;
    if (at < beginUs || at > endUs) continue;
    const { functionName, url, lineNumber } = nodes.get(id).callFrame;
    if (functionName === "(idle)") {
      idleUs += us;
      continue;
    }
    const group = groups.get(id);
    byGroup.set(group, (byGroup.get(group) ?? 0) + us);
    const file = url.replace(/^.*\/(node_modules|dist)\//, "").replace("file://", "");
    const name = `${functionName || "(anonymous)"} ${file === "" ? "" : `${file}:${lineNumber + 1}`}`;
    const known = byFunction.get(name) ?? { group, us: 0 };
    byFunction.set(name, { group, us: known.us + us });
  }
  const busyUs = [...byGroup.values()].reduce((sum, us) => sum + us, 0);
  return { idleUs, busyUs, byGroup, byFunction };
}
