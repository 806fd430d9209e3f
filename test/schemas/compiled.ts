/** The published schemas, as a validator of another make reads them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

const FOLDER = resolve(__dirname, '../../schemas');

/** All of them, by name. */
export const PUBLISHED: Record<string, object> = Object.fromEntries(
  readdirSync(FOLDER).map((file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as object]),
);

const ajv = addFormats(new Ajv2020({ allErrors: true }));
const validators = new Map(Object.entries(PUBLISHED).map(([name, schema]) => [name, ajv.compile(schema)]));

/** What is wrong with a value; an empty list: nothing. It is judged as it would travel. */
export function mistakes(name: string, value: unknown): string[] {
  const validate = validators.get(name);
  if (validate === undefined) throw new Error(`no schema "${name}"`);
  const travelled = JSON.parse(JSON.stringify(value)) as unknown;
  return validate(travelled) ? [] : (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath || 'all of it'} ${message}`);
}
