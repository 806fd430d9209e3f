/** Files that callers may name, on local disks, on web servers and in Azure Blob Storage. */
export { FileRefusedError, FileUnreadableError } from './errors';
export { openFiles, type Files, type FileDependencies } from './open-files';
export type { ByteRange, OpenedFile } from './opened-file';
export { wholeOf } from './opened-file';
