/**
 * The search attributes that workflows write, in a namespace of Temporal: which of them it has, and their registration.
 *
 * Keeps true: what is there stays as it is, also where it has another type; asking twice changes nothing more.
 */
import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contract';

/** What a connection needs for it: a client's, and a worker's. */
export type SetupConnection = Pick<Connection, 'operatorService' | 'workflowService' | 'withDeadline'>;

/** A search attribute as the namespace has it. */
export interface FoundSearchAttribute {
  name: string;
  /** `Keyword`, `Text`, …; absent where the namespace does not have it. */
  type?: string;
}

type Addition = Exclude<Parameters<Connection['operatorService']['addSearchAttributes']>[0], Uint8Array>;
type ValueType = NonNullable<Addition['searchAttributes']>[string];

/** The type that all of them need. */
export const NEEDED_TYPE = 'Keyword';

/** Those of {@link SEARCH_ATTRIBUTES} as a dev server takes them at its start. */
export const SEARCH_ATTRIBUTE_TYPES: Readonly<Record<string, typeof NEEDED_TYPE>> = Object.fromEntries(
  Object.values(SEARCH_ATTRIBUTES).map((name) => [name, NEEDED_TYPE]),
);

/** `IndexedValueType` of `temporal.api.enums.v1`, by number. */
const TYPES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];
const KEYWORD = TYPES.indexOf(NEEDED_TYPE) as unknown as ValueType;

const LIST_TIMEOUT_MS = 3000;
/** A new one is known everywhere only after the server has read its list again. */
const LISTED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;

const ALREADY_EXISTS = 6;

/** All of {@link SEARCH_ATTRIBUTES}. @throws ServiceError where the server does not say */
export async function findSearchAttributes(connection: SetupConnection, namespace: string): Promise<FoundSearchAttribute[]> {
  const { customAttributes } = await connection.withDeadline(Date.now() + LIST_TIMEOUT_MS, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  return Object.values(SEARCH_ATTRIBUTES).map((name) => {
    const type = customAttributes[name];
    return type === undefined ? { name } : { name, type: TYPES[type] ?? String(type) };
  });
}

/** Whether workflows can write it. */
export function isUsable({ type }: FoundSearchAttribute): boolean {
  return type === NEEDED_TYPE;
}

/**
 * Registers them, and waits until the server lists them. One that another program registers meanwhile is no mistake.
 * @throws ServiceError when the server refuses, Error when it does not list them within a minute
 */
export async function addSearchAttributes(connection: SetupConnection, namespace: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { [name]: KEYWORD } });
    } catch (err) {
      if (!(err instanceof Error && 'code' in err && err.code === ALREADY_EXISTS)) throw err;
    }
  }
  const giveUpAtMs = Date.now() + LISTED_WITHIN_MS;
  for (;;) {
    const found = await findSearchAttributes(connection, namespace);
    const unlisted = names.filter((name) => found.find((one) => one.name === name)?.type === undefined);
    if (unlisted.length === 0) return;
    if (Date.now() > giveUpAtMs) throw new Error(`${unlisted.join(', ')} were registered, but the server does not list them`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
