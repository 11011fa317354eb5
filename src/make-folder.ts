import { access, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Creates a folder and its missing parents, with access for their owner only. It creates them one by one: if the system
 * refuses, as it does below /proc, Node's recursive mkdir never returns.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || (await exists(dirname(folder)))) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
