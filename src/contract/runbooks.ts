/** Where people read what to do, as the UI links to it. */
import type { TroubleKind } from './operation';

/** Page of the documentation with a section for each kind of trouble, below {@link DOCS_URL_VARIABLE}. */
const PAGE = 'ui.md';

/** Environment variable of workers, and of programs with a client: URL of the folder that `docs/` is published at. */
export const DOCS_URL_VARIABLE = 'LRO_DOCS_URL';

/** Markdown: a link to what to do about a kind of trouble, or the name of the page where nobody says where the documentation is. */
export function runbookLink(kind: TroubleKind, docsUrl: string | undefined): string {
  return docsLink(`${PAGE}#${kind.toLowerCase()}`, docsUrl);
}

/** Markdown: a link to a page of the documentation. @param docsUrl as {@link docsUrlOf} returns it */
export function docsLink(page: string, docsUrl: string | undefined): string {
  return docsUrl === undefined ? `\`docs/${page}\`` : `[docs/${page}](<${docsUrl}${page}>)`;
}

/** Whether a text is a URL that a link may have. */
export function isDocsUrl(text: string): boolean {
  return /^https?:\/\/[^\s<>"`\\]+$/i.test(text);
}

/** The folder's URL, with a `/` at its end; `undefined` where it is not set. @throws Error for what is no http(s) URL */
export function docsUrlOf(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return undefined;
  if (!isDocsUrl(trimmed)) throw new Error(`${DOCS_URL_VARIABLE}: must be an http(s) URL of a folder`);
  return trimmed.endsWith('/') ? trimmed : `${trimmed}/`;
}
