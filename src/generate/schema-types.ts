/**
 * Types of TypeScript for schemas [OpenAPI 2.0, 3.0 and 3.1, Schema Object]. A schema that is referred to becomes a type with a name.
 *
 * Keeps true: what is written compiles, also for schemas that refer to themselves; a keyword that no type can say (`pattern`, `minimum`,
 * `not`) is left out, so that a type is never narrower than its schema.
 */
import type { Names } from './names';
import { commentOf, keyOf, literalOf } from './plain-text';
import { SpecificationError } from './problem';
import { referenceIn, type Place, type Specification } from './specification';
import { at, entriesOf, isMap, itemsOf, textAt } from './values';

/** Deeper than any file may be: a file of YAML can hold itself. */
const MAX_DEPTH = 300;

/** Where a schema stands within the type that is written. */
interface Level {
  depth: number;
  /** Names of the types that this one is made of without a property or a list between: TypeScript refuses such a circle. */
  directly: readonly string[];
}

export class SchemaTypes {
  private readonly names = new Map<string, string>();
  private readonly written = new Map<string, string>();
  private readonly waiting: { name: string; place: Place }[] = [];

  constructor(
    private readonly specification: Specification,
    private readonly taken: Names,
  ) {}

  /** A type for the schema: the name of one that is declared, or the type itself. */
  typeOf(schema: Place): string {
    return this.type(schema, { depth: 1, directly: [] });
  }

  /** The declarations of all types that were asked for, and of those that they are made of, by name. */
  declarations(): string[] {
    for (let next = this.waiting.pop(); next !== undefined; next = this.waiting.pop()) this.declare(next.name, next.place, []);
    return [...this.written].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  }

  private declare(name: string, place: Place, above: readonly string[]): void {
    if (this.written.has(name)) return;
    const type = this.type(place, { depth: 1, directly: [...above, name] });
    const description = commentOf(textAt(place, 'description') ?? textAt(place, 'title'));
    const comment = description === '' ? '' : `/** ${description} */\n`;
    this.written.set(name, `${comment}export type ${name} = ${type};`);
  }

  /** What a reference leads to, by name. */
  private named(reference: string, from: Place, { directly }: Level): string {
    const { place, url } = this.specification.follow(reference, from);
    let name = this.names.get(url);
    if (name === undefined) {
      name = this.taken.typeName(lastSegment(url));
      this.names.set(url, name);
      this.waiting.push({ name, place });
    }
    if (directly.includes(name)) return 'unknown';
    if (directly.length > MAX_DEPTH) throw new SpecificationError(`more than ${MAX_DEPTH} schemas refer to each other in a row`);
    if (directly.length > 0) this.declare(name, place, directly);
    return name;
  }

  private type(schema: Place, level: Level): string {
    if (level.depth > MAX_DEPTH) throw new SpecificationError(`schemas nest deeper than ${MAX_DEPTH}`);
    if (schema.value === false) return 'never';
    if (!isMap(schema)) return 'unknown';
    const reference = referenceIn(schema);
    if (reference !== undefined) return this.named(reference, schema, level);
    const mayBeNull = at(schema, 'nullable').value === true || at(schema, 'x-nullable').value === true;
    const own = this.withoutNull(schema, { ...level, depth: level.depth + 1 });
    return mayBeNull && own !== 'unknown' ? union([own, 'null']) : own;
  }

  private withoutNull(schema: Place, level: Level): string {
    const fixed = at(schema, 'const').value;
    if (fixed !== undefined) return literalType(fixed);
    const values = at(schema, 'enum').value;
    if (Array.isArray(values) && values.length > 0) return enumType(schema, values);
    const parts = [
      ...this.ownParts(schema, level),
      ...itemsOf(at(schema, 'allOf')).map((part) => this.type(part, level)),
      ...['oneOf', 'anyOf'].flatMap((key) => {
        const members = itemsOf(at(schema, key)).map((member) => this.type(member, level));
        return members.length === 0 ? [] : [union(members)];
      }),
    ];
    const known = [...new Set(parts)].filter((part) => part !== 'unknown');
    if (known.length === 0) return 'unknown';
    return known.length === 1 ? (known[0] ?? 'unknown') : known.map(grouped).join(' & ');
  }

  /** What the schema says itself, beside what it is composed of. */
  private ownParts(schema: Place, level: Level): string[] {
    const { value: written } = at(schema, 'type');
    if (Array.isArray(written)) return [union(written.map((type: unknown) => this.typed(type, schema, level)))];
    if (typeof written === 'string') return [this.typed(written, schema, level)];
    if (isMap(at(schema, 'properties')) || at(schema, 'additionalProperties').value !== undefined) return [this.object(schema, level)];
    return at(schema, 'items').value === undefined ? [] : [this.list(schema, level)];
  }

  private typed(type: unknown, schema: Place, level: Level): string {
    switch (type) {
      case 'object':
        return this.object(schema, level);
      case 'array':
        return this.list(schema, level);
      case 'string':
        return 'string';
      case 'integer':
      case 'number':
        return 'number';
      case 'boolean':
        return 'boolean';
      case 'null':
        return 'null';
      default:
        return 'unknown';
    }
  }

  private list(schema: Place, { depth }: Level): string {
    return `${grouped(this.type(at(schema, 'items'), { depth, directly: [] }))}[]`;
  }

  private object(schema: Place, { depth }: Level): string {
    const level = { depth, directly: [] };
    const required = new Set(itemsOf(at(schema, 'required')).map(({ value }) => value));
    const properties = entriesOf(at(schema, 'properties')).map(([name, property]) => ({
      name,
      required: required.has(name),
      type: this.type(property, level),
      description: textAt(property, 'description'),
    }));
    const more = at(schema, 'additionalProperties');
    // A named property must be of the type of all others as well, which a schema need not say.
    const others = properties.length > 0 || !isMap(more) ? 'unknown' : this.type(more, level);
    const isComposed = ['allOf', 'oneOf', 'anyOf'].some((key) => itemsOf(at(schema, key)).length > 0);
    const isOpen = isMap(more) || more.value === true || (properties.length === 0 && more.value !== false && !isComposed);
    if (properties.length === 0 && isComposed && !isOpen) return 'unknown';
    return objectType(properties, isOpen ? others : undefined);
  }
}

/** A property as it is written. */
export interface Property {
  name: string;
  required: boolean;
  type: string;
  description?: string | undefined;
}

/** @param others type of properties that have no name here */
export function objectType(properties: readonly Property[], others?: string): string {
  const lines = properties.flatMap(({ name, required, type, description }) => {
    const comment = commentOf(description);
    return [...(comment === '' ? [] : [`/** ${comment} */`]), `${keyOf(name)}${required ? '' : '?'}: ${type};`];
  });
  if (others !== undefined) lines.push(`[key: string]: ${others};`);
  if (lines.length === 0) return 'Record<string, never>';
  return `{\n${lines.map((line) => indented(line)).join('\n')}\n}`;
}

export function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

function union(members: readonly string[]): string {
  const different = [...new Set(members)];
  if (different.includes('unknown')) return 'unknown';
  return different.length === 1 ? (different[0] ?? 'unknown') : different.map(grouped).join(' | ');
}

/** In brackets where it may be more than one name, literal, list or map. */
function grouped(type: string): string {
  return / [|&] /.test(type) && !/^\{[^{}]*\}$/.test(type) ? `(${type})` : type;
}

/** Values that a service may add to [autorest, `x-ms-enum.modelAsString`] are open. */
function enumType(schema: Place, values: readonly unknown[]): string {
  const members = values.map(literalType);
  const isOpen = at(at(schema, 'x-ms-enum'), 'modelAsString').value === true && members.every((member) => member.startsWith('"'));
  return union(isOpen ? [...members, 'string & Record<never, never>'] : members);
}

function literalType(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'unknown' : literalOf(value);
}

/** The last segment of the pointer, else of the file's name. */
function lastSegment(url: string): string {
  const { pathname, hash } = new URL(url);
  const segment = (hash.length > 2 ? hash : pathname.replace(/\.\w+$/, '')).split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return segment;
  }
}
