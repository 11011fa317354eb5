/** The progress of an import that is not finished. */
export interface ImportState {
  /** SHA-256 of the file, hexadecimal: the import can be resumed only with the same file. */
  readonly digest: string;
  /** The number of lines of the file that are imported. */
  readonly position: number;
  /** The number of expired entries among them. */
  readonly expiredCount: number;
}
