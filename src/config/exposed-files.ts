/**
 * Files that callers may not name: the worker's own file and those that hold its secrets.
 *
 * Keeps true: none of them lies below a folder that callers may read from or write to, links followed.
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Mistake } from './cross-checks';
import type { FileContent } from './schema';

/** One mistake for each folder that holds such files; it names them. @param path of the worker's file */
export function exposedMistakes(path: string, { connections, files, webhooks }: FileContent): Mistake[] {
  const secrets = [...Object.values(connections), ...files.blobContainers].flatMap(({ auth }) => secretFiles(auth));
  const signing = Object.values(connections).flatMap(({ webhooks: { signature } }) => signature?.secrets ?? []);
  const shared = webhooks === undefined ? [] : [webhooks.secret, ...webhooks.formerSecrets];
  secrets.push(...[...signing, ...shared].flatMap((ref) => ('file' in ref ? [ref.file] : [])));
  const own = [{ name: `the worker's own file ${path}`, path }, ...secrets.map((file) => ({ name: `secret file ${file}`, path: file }))];
  const keys = ['readBelow', 'writeBelow'] as const;
  return keys.flatMap((key) =>
    files[key].flatMap((folder, index) => {
      const names = own.filter((file) => isBelow(file.path, folder)).map(({ name }) => name);
      if (names.length === 0) return [];
      const message = `callers could name what lies there: ${[...new Set(names)].join(', ')}; give callers a folder of their own`;
      return [{ path: ['files', key, index], message }];
    }),
  );
}

function secretFiles(auth: FileContent['connections'][string]['auth'] | FileContent['files']['blobContainers'][number]['auth']): string[] {
  if (auth.type === 'none') return [];
  if (auth.type !== 'entra') return 'file' in auth.value ? [auth.value.file] : [];
  const { clientSecret, tokenFile } = auth;
  const secret = clientSecret !== undefined && 'file' in clientSecret ? [clientSecret.file] : [];
  return tokenFile === undefined ? secret : [...secret, tokenFile];
}

/** As written, or as links lead: a mounted secret is a link to a link. */
function isBelow(file: string, folder: string): boolean {
  const folders = [resolve(folder), realPath(folder)];
  return [resolve(file), realPath(file)].some((path) => folders.some((each) => path.startsWith(each.endsWith(sep) ? each : each + sep)));
}

/** The real path of what is there, and the rest as it is written. */
function realPath(path: string): string {
  const absolute = resolve(path);
  const parent = dirname(absolute);
  if (existsSync(absolute) || parent === absolute) return realpathSync(absolute);
  return join(realPath(parent), basename(absolute));
}
