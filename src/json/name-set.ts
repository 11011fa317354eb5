/** A larger set takes milliseconds to grow, because it moves all of its names in one step. */
const maxSetSize = 64 * 1024;

/** The names of an object's members, in sets of a limited size. */
export class NameSet {
  readonly sets: Set<string>[];

  constructor(names: readonly string[]) {
    this.sets = [new Set(names)];
  }

  has(name: string): boolean {
    for (const set of this.sets) if (set.has(name)) return true;
    return false;
  }

  add(name: string): void {
    const last = this.sets[this.sets.length - 1];
    if (last && last.size < maxSetSize) last.add(name);
    else this.sets.push(new Set([name]));
  }
}
