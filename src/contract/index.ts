/**
 * The contract: names, inputs, results and failures that other programs see. Plain JSON only.
 * Workflows, the client and programs in other languages share exactly what stands here.
 *
 * Keeps true: fields are only ever added (optional in inputs), never renamed or removed; every duration is a number of
 * seconds with `Seconds` in its name; nothing here imports anything.
 */
export * from './names';
export * from './json';
export * from './operation';
export * from './chain';
export * from './outcomes';
export * from './batch';
export * from './priority';
