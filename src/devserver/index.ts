/** Temporal on a fresh machine: its programs, its dev server, and child processes in general. For the demo and the tests. */
export { startChild, describeExit, lastLines, ChildStartError } from './child-process';
export type { Child, ChildExit, ChildOptions } from './child-process';
export { startDevServer } from './dev-server';
export type { DevServer } from './dev-server';
export { findFreePorts } from './free-ports';
export { provisionTemporalCli, provisionTestServer } from './provision';
export type { ProgramSource } from './provision';
