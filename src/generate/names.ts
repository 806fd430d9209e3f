/**
 * Names of functions and types, made from what a specification calls things.
 *
 * Keeps true: every name is an identifier of letters and digits, is given once, and hides nothing that the generated file uses.
 */

/** What no function may be called [ECMA-262, reserved words, strict and module code], and what the generated file uses itself. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function ' +
    'if implements import in instanceof interface let new null package private protected public return static super switch this throw true ' +
    'try typeof var void while with yield undefined describedInput'
  ).split(' '),
);

/** Types that the generated file uses. */
const USED_TYPES = new Set([
  'BodyFile',
  'BodyOrFile',
  'Json',
  'OperationDescription',
  'OperationSettings',
  'OptionalBodyOrFile',
  'Record',
  'TypedInput',
]);

const MAX_CHARS = 80;

/** `Dataset_Create` → [`Dataset`, `Create`]; letters that are not of ASCII lose their marks, or are left out. */
function wordsOf(text: string): string[] {
  const plain = text.slice(0, 4 * MAX_CHARS).normalize('NFKD');
  const words = plain.replace(/\p{Mark}/gu, '').match(/[A-Za-z0-9]+/g) ?? [];
  return words.join(' ').slice(0, MAX_CHARS).split(' ').filter(Boolean);
}

/** `Dataset_Create` → `DatasetCreate`; never empty, never beginning with a digit. */
export function pascalCase(text: string, fallback: string): string {
  const name = wordsOf(text)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  if (name === '') return fallback;
  return /^\d/.test(name) ? `${fallback}${name}` : name;
}

function camelCase(pascal: string): string {
  // `HTTPJob` → `httpJob`
  return pascal.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (head) => head.toLowerCase());
}

/** Names that are given in one file. */
export class Names {
  private readonly taken = new Set<string>();

  /** Of a function, such as `datasetCreate`. */
  functionName(text: string): string {
    const name = camelCase(pascalCase(text, 'Operation'));
    return this.once(RESERVED.has(name) ? `${name}Operation` : name);
  }

  /** Of a type, such as `LongRunningOperation`. */
  typeName(text: string, fallback = 'Schema'): string {
    const name = pascalCase(text, fallback);
    return this.once(USED_TYPES.has(name) ? `${name}Schema` : name);
  }

  /** As it is, or with the first number that makes it another. */
  private once(name: string): string {
    let unique = name;
    for (let count = 2; this.taken.has(unique); count++) unique = `${name}_${count}`;
    this.taken.add(unique);
    return unique;
  }
}
