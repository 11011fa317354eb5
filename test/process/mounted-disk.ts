import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A small disk for one test. */
export interface MountedDisk extends AsyncDisposable {
  readonly path: string;
  /** Writes a file until the disk has no room left. */
  fill(): Promise<void>;
  /** Removes that file. */
  free(): Promise<void>;
}

/** A disk that can become read-only while files on it are open for writing. */
export interface BreakableDisk extends AsyncDisposable {
  readonly path: string;
  /** Makes the file system detect an error, so that the kernel refuses all further writes. */
  makeReadOnly(): Promise<void>;
  /** Unmounts it, and mounts it again for reading and writing. */
  repair(): Promise<void>;
}

/** Mounts a disk in memory; null if this process has no permission to mount. */
export async function mountMemory(mebibytes: number): Promise<MountedDisk | null> {
  const path = await mkdtemp(join(tmpdir(), "baton-disk-"));
  try {
    await execute("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path]);
  } catch {
    await rm(path, { recursive: true });
    return null;
  }
  const filler = join(path, "filler");
  return {
    path,
    async fill() {
      const { bavail, bsize } = await statfs(path);
      // The disk becomes full during this write, also if other programs write at the same time.
      await writeFile(filler, Buffer.alloc(bavail * bsize + bsize)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      });
    },
    free: () => rm(filler),
    async [Symbol.asyncDispose]() {
      await unmount(path);
    },
  };
}

/** Mounts an ext4 file system; null without permission to mount, or without ext4. */
export async function mountBreakable(mebibytes: number): Promise<BreakableDisk | null> {
  const folder = await mkdtemp(join(tmpdir(), "baton-image-"));
  const path = await mkdtemp(join(tmpdir(), "baton-disk-"));
  const image = join(folder, "image");
  const mount = async () => {
    await execute("mount", ["-o", "loop,errors=remount-ro", image, path]);
  };
  const removeImage = () => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(image, Buffer.alloc(mebibytes * 1024 * 1024));
    await execute("mkfs.ext4", ["-q", image], {
      env: { PATH: `${process.env.PATH}:/sbin:/usr/sbin` },
    });
    await mount();
    // Not every kernel has this file.
    await readFile(`/sys/fs/ext4/${await deviceOf(path)}/errors_count`);
  } catch {
    await unmount(path);
    await removeImage();
    return null;
  }
  return {
    path,
    async makeReadOnly() {
      await writeFile(`/sys/fs/ext4/${await deviceOf(path)}/trigger_fs_error`, "a test");
    },
    async repair() {
      await execute("umount", [path]);
      await mount();
    },
    async [Symbol.asyncDispose]() {
      await unmount(path);
      await removeImage();
    },
  };
}

async function deviceOf(path: string): Promise<string> {
  const mounts = await readFile("/proc/mounts", "utf8");
  const line = mounts.split("\n").find((mounted) => mounted.split(" ")[1] === path);
  return basename(line?.split(" ")[0] ?? "");
}

/** Unmounts the disk, if it is mounted. */
async function unmount(path: string): Promise<void> {
  await execute("umount", ["--lazy", path]).catch(() => {});
  await rm(path, { recursive: true, force: true });
}
