/** How far an import is that is under way. */
export interface ImportState {
  /** SHA-256 of the file, hexadecimal: only that one goes on. */
  readonly digest: string;
  /** Lines of the file that are done. */
  readonly position: number;
  /** Entries among them that had expired. */
  readonly expiredCount: number;
}
