/**
 * Reads an OpenAPI file and the files it refers to.
 *
 * Keeps true: nothing is fetched; no file outside of one folder is read; size, number and depth of what is read are bounded.
 */
import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { reasonOf } from '../text/reason';
import { commentOf } from './plain-text';
import { SpecificationError } from './problem';
import { MAX_SPECIFICATION_BYTES, parseText, readText, type ReadBudget } from './specification-file';

/** A value in one of the files, with the file that references in it start from. */
export interface Place {
  readonly value: unknown;
  /** `file:` URL. */
  readonly file: string;
}

export interface Specification {
  /** 2 is Swagger 2.0, 3 is OpenAPI 3.0 and 3.1. */
  readonly version: 2 | 3;
  readonly root: Place;
  /**
   * Where a reference leads, and where all others to the same lead.
   * @throws SpecificationError where it leads nowhere, or in a circle
   */
  follow(reference: string, from: Place): { place: Place; url: string };
}

const MAX_HOPS = 50;

/** @param refsBelow folder that all references must stay below; default the specification's own */
export async function readSpecification(path: string, refsBelow = dirname(path)): Promise<Specification> {
  if (/^[a-z]+:\/\//i.test(path))
    throw new SpecificationError(`${commentOf(path)} is a URL, and nothing is fetched: save the file, and name that`);
  const absolute = resolve(path);
  const budget: ReadBudget = { bytesLeft: MAX_SPECIFICATION_BYTES, filesLeft: 200 };
  const document = withoutExamples(parseText(await readText(absolute, budget, path), path));
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw notOpenApi(path, 'it holds no map');
  const folder = await realpath(refsBelow).catch((error: unknown) => {
    throw new SpecificationError(`the folder ${refsBelow} cannot be read: ${reasonOf(error)}`);
  });
  const parser = await newParser();
  // The parser does not hand on what its resolvers throw.
  let refused: unknown;
  const read = async ({ url }: { url: string }): Promise<unknown> => {
    try {
      return withoutExamples(parseText(await readReference(url, folder, budget), url));
    } catch (error) {
      refused ??= error;
      throw error;
    }
  };
  const options = {
    parse: {
      json: false,
      yaml: false,
      text: false,
      binary: false,
      own: { order: 1, canRead: true, parse: ({ data }: { data: unknown }) => data },
    },
    resolve: { http: false, file: false, own: { order: 1, canRead: true, read } },
  };
  let refs: { get(path: string): unknown };
  try {
    refs = await parser.resolve(absolute, document, options);
  } catch (error) {
    throw problemOf(refused ?? error, path);
  }
  const follow = (reference: string, from: Place): { place: Place; url: string } => {
    const seen = new Set<string>();
    for (let hop: Place = from, next: string | undefined = reference; next !== undefined; next = referenceIn(hop)) {
      const url: string = urlOf(next, hop.file);
      if (seen.has(url) || seen.size > MAX_HOPS) throw new SpecificationError(`the reference ${commentOf(reference)} leads in a circle`);
      seen.add(url);
      hop = { value: valueAt(refs, url, reference), file: url.replace(/#.*$/s, '') };
      if (referenceIn(hop) === undefined) return { place: hop, url };
    }
    throw new SpecificationError(`the reference ${commentOf(reference)} leads nowhere`);
  };
  return {
    version: Object.hasOwn(document, 'swagger') ? 2 : 3,
    root: { value: document, file: pathToFileURL(absolute).href },
    follow,
  };
}

function urlOf(reference: string, file: string): string {
  if (!URL.canParse(reference, file)) throw new SpecificationError(`the reference ${commentOf(reference)} is no URL`);
  return new URL(reference, file).href;
}

/** `$ref` of a value that is a reference. */
export function referenceIn({ value }: Place): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '$ref')) return undefined;
  const { $ref } = value as { $ref: unknown };
  return typeof $ref === 'string' ? $ref : undefined;
}

/** Loaded by the command that needs it, not by all. */
async function newParser(): Promise<Parser> {
  const { default: SwaggerParser } = await import('@apidevtools/swagger-parser');
  return new SwaggerParser();
}

/** What is used of it; its own types leave resolvers of one's own out. */
interface Parser {
  resolve(path: string, document: object, options: object): Promise<{ get(path: string): unknown }>;
}

function valueAt(refs: { get(path: string): unknown }, url: string, reference: string): unknown {
  let value: unknown;
  try {
    // Files are named as the parser names them.
    const path = encodeURI(fileURLToPath(url)).replace(/[?#]/g, (char) => encodeURIComponent(char));
    value = refs.get(`${path}${new URL(url).hash}`);
  } catch {
    throw new SpecificationError(`the reference ${commentOf(reference)} leads nowhere`);
  }
  if (typeof value === 'object' || typeof value === 'boolean') return value;
  throw new SpecificationError(`the reference ${commentOf(reference)} leads to what is no schema, parameter or answer`);
}

async function readReference(url: string, folder: string, budget: ReadBudget): Promise<string> {
  if (!url.startsWith('/')) {
    throw new SpecificationError(
      `the reference to ${commentOf(url)} is not followed: nothing is fetched; save that file beside the specification`,
    );
  }
  const path = decodeURIComponent(url);
  const real = await realpath(path).catch(() => {
    throw new SpecificationError(`the specification refers to ${commentOf(path)}, which is not there`);
  });
  if (!real.startsWith(folder.endsWith('/') ? folder : `${folder}/`)) {
    throw new SpecificationError(
      `the specification refers to ${commentOf(path)}, outside of ${folder}: nothing there is read; name a folder above both with --refs-below`,
    );
  }
  return readText(real, budget, path);
}

/** Examples are files that specifications often come without. */
function withoutExamples(document: unknown): unknown {
  if (typeof document !== 'object' || document === null) return document;
  for (const item of valuesOf((document as { paths?: unknown }).paths)) {
    for (const operation of valuesOf(item)) {
      if (typeof operation === 'object' && operation !== null) Reflect.deleteProperty(operation, 'x-ms-examples');
    }
  }
  return document;
}

function valuesOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function notOpenApi(path: string, why: string): SpecificationError {
  return new SpecificationError(`${path} is no OpenAPI specification (2.0, 3.0 or 3.1): ${why}`);
}

function problemOf(error: unknown, path: string): SpecificationError {
  if (error instanceof SpecificationError) return error;
  if (error instanceof RangeError) return new SpecificationError(`${path} nests too deep`);
  return notOpenApi(path, commentOf(reasonOf(error)));
}
