// Interleaved rounds: each target is measured once per round, so that all targets have the same load on the machine.

/**
 * Measures each target once per round. The order rotates by one each round, so that no target always follows the same
 * one.
 *
 * @param {object} options
 * @param {number} options.rounds
 * @param {{ name: string }[]} options.targets
 * @param {(target: any) => Promise<unknown>} [options.warmUp] called once for each target before the first round
 * @param {(target: any, round: number) => Promise<Record<string, number>>} options.measure
 * @param {(text: string) => void} options.progress
 * @param {boolean} [options.isOrderKept] true if each target needs the result of the previous ones
 * @returns {Promise<{ name: string, measures: Record<string, number[]> }[]>} a row for each target, a value for each
 * round
 */
export async function interleave({
  rounds,
  targets,
  warmUp,
  measure,
  progress,
  isOrderKept = false,
}) {
  for (const target of warmUp ? targets : []) {
    progress(`warming up · ${target.name}`);
    await warmUp(target);
  }
  const rows = targets.map(({ name }) => ({ name, measures: {} }));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < targets.length; turn += 1) {
      const place = isOrderKept ? turn : (turn + round) % targets.length;
      progress(`round ${round + 1} of ${rounds} · ${targets[place].name}`);
      const sample = await measure(targets[place], round);
      for (const [name, value] of Object.entries(sample)) {
        (rows[place].measures[name] ??= []).push(value);
      }
    }
  }
  return rows;
}
