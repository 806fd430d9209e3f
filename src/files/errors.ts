/** The two errors of files: final ones, and those that may pass. Their messages contain no credential and no signature. */

/** The file may not be read or written, or is not there. Asking again does not help. */
export class FileRefusedError extends Error {
  override readonly name = 'FileRefusedError';

  /** Whether it would be allowed, but does not exist. */
  readonly notThere: boolean;
  /** Whether the worker's file with connections decides it: that of another worker may allow it, or name another folder. */
  readonly dependsOnFile: boolean;

  constructor(message: string, { notThere = false, dependsOnFile = false }: { notThere?: boolean; dependsOnFile?: boolean } = {}) {
    super(message);
    this.notThere = notThere;
    this.dependsOnFile = dependsOnFile;
  }
}

/** The file could not be read or written this time: its store cannot be reached, is busy or full, or it changed on the way. */
export class FileUnreadableError extends Error {
  override readonly name = 'FileUnreadableError';
}

/** Whether `error` is one of these. */
export function isFileError(error: unknown): error is FileRefusedError | FileUnreadableError {
  return error instanceof FileRefusedError || error instanceof FileUnreadableError;
}
