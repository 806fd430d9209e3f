/**
 * URLs of files.
 *
 * Keeps true: no message contains the query of such a URL, which is often a signature, or a text that is not a URL.
 */
import { isLoopback } from '../lro/trust';
import { FileRefusedError } from './errors';

/** A file's URL, and how messages name it: without query. */
export interface FileUrl {
  /** As the caller wrote it: parsing and printing could invalidate a signature. */
  text: string;
  url: URL;
  label: string;
}

/** @throws FileRefusedError when it is none that is asked, whoever's host it names */
export function fileUrl(text: string): FileUrl {
  if (!URL.canParse(text)) throw new FileRefusedError('the file has a URL that is none');
  const url = new URL(text);
  const label = `file ${url.protocol}//${url.host}${url.pathname.slice(0, 200)}`;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new FileRefusedError(`${label}: only https URLs are read`);
  if (url.username !== '' || url.password !== '') throw new FileRefusedError(`${label}: its URL carries a user name or password`);
  return { text, url, label };
}
