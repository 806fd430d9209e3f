/**
 * What the compiler takes as inputs, and what it says of results: `npm run typecheck` is the test. Every `@ts-expect-error` is a mistake that
 * it must find; one that it no longer finds is a mistake, too.
 */
import { expectTypeOf } from 'expect-type';
import type { AnyBody, BatchInput, ChainInput, JsonCompatible, LroClient, OperationInput, OperationResult } from '../../src/client';

/** Interfaces have no index signature: the type of any JSON value does not take them. */
interface Building {
  name: string;
  floors: { level: number; rooms?: string[] }[];
  owner?: Person;
}
interface Person {
  readonly name: string;
  readonly born: Date;
}
interface Robot {
  name: string;
  start(): void;
}
interface Tileset {
  tilesetId: string;
}

declare const lro: LroClient;
declare const building: Building;
declare const robot: Robot;

export const submitted: OperationInput[] = [
  { submit: { path: '/tilesets', body: { name: 'a', floors: [1, null, true, { deep: ['x'] }] } } },
  { connection: 'maps', attach: { statusUrl: '/operations/1' }, deadlineSeconds: 5 },
];

export const named: OperationInput<Building> = { submit: { path: '/buildings', body: building } };

// @ts-expect-error neither submit nor attach
export const neither: OperationInput = { connection: 'maps' };

// @ts-expect-error both submit and attach
export const both: OperationInput = { submit: { path: '/a' }, attach: { statusUrl: '/b' } };

// @ts-expect-error a misspelt field
export const misspelt: OperationInput = { submit: { path: '/a' }, deadlineInSeconds: 5 };

// @ts-expect-error a function is not JSON
export const moving: OperationInput<Robot> = { submit: { path: '/robots', body: robot } };

/** What an input is, is known after one look at it. */
export function urlOf(input: OperationInput): string {
  return input.submit === undefined ? input.attach.statusUrl : input.submit.path;
}

/** Never called: the compiler reads it. */
export async function operations(): Promise<void> {
  const { body } = await lro.execute({ submit: { path: '/buildings', body: building } });
  expectTypeOf(body).toEqualTypeOf<OperationResult['body']>();

  const typed = await lro.execute<Tileset>({ submit: { path: '/buildings', body: building } });
  expectTypeOf(typed.body).toEqualTypeOf<Tileset | undefined>();

  const handle = await lro.start<Tileset, Person>({ attach: { statusUrl: '/operations/1' } });
  const { resource } = await handle.result();
  expectTypeOf(resource).toEqualTypeOf<Person | undefined>();

  const accepted = await lro.startAndWaitAccepted<Tileset>({ submit: { path: '/buildings', body: building } });
  expectTypeOf(await accepted.result()).toEqualTypeOf<OperationResult<Tileset>>();
  expectTypeOf(await lro.get<Tileset>('campus-7').result()).toEqualTypeOf<OperationResult<Tileset>>();

  // @ts-expect-error a method is not JSON, however deep it stands
  await lro.start({ submit: { path: '/buildings', body: { robots: [robot] } } });
  // @ts-expect-error JSON.stringify throws for a bigint
  await lro.start({ submit: { path: '/buildings', body: { area: 5n } } });
  // @ts-expect-error JSON.stringify makes {} of a map
  await lro.start({ submit: { path: '/buildings', body: new Map([['a', 1]]) } });
  // @ts-expect-error nobody knows what it is
  await lro.start({ submit: { path: '/buildings', body: JSON.parse('1') as unknown } });
  // @ts-expect-error a request has a path
  await lro.execute<Tileset>({ submit: { body: building } });
}

/** Items of one batch, and steps of one chain, have bodies of different types. */
export async function batchesAndChains(): Promise<void> {
  const items: BatchInput<AnyBody> = {
    items: [
      { id: 'a', submit: { path: '/buildings', body: building } },
      { id: 'b', submit: { path: '/tilesets', body: { tilesetId: 't' } } },
      { id: 'c', kind: 'chain', steps: [{ id: 'one', submit: { path: '/buildings', body: building } }] },
    ],
    defaults: { labels: { campus: '7' } },
  };
  await lro.startBatch(items);
  await lro.executeBatch({ items: [{ id: 'a', submit: { path: '/buildings', body: building } }] });
  await lro.schedules.create({ id: 'nightly', times: { cron: ['0 1 * * *'] }, batch: items });
  const chain: ChainInput<Building> = { steps: [{ id: 'one', submit: { path: '/buildings', body: building } }] };
  await lro.runChain(chain);

  // @ts-expect-error a function is not JSON
  await lro.startBatch({ items: [{ id: 'a', submit: { path: '/buildings', body: () => 1 } }] });
  // @ts-expect-error a map is not JSON
  await lro.runChain({ steps: [{ id: 'one', submit: { path: '/buildings', body: new Map() } }] });
}

expectTypeOf<JsonCompatible<Building>['floors']>().toEqualTypeOf<Building['floors']>();
expectTypeOf<JsonCompatible<Robot>['start']>().toEqualTypeOf<never>();
expectTypeOf<JsonCompatible<Person>['born']>().toEqualTypeOf<Date>();
expectTypeOf<JsonCompatible<unknown>>().toEqualTypeOf<never>();
