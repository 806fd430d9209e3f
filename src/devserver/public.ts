/** `durable-lro-dev/devserver`: Temporal's own servers, for the tests of other programs. */
export { startDevServer, type DevServer } from './dev-server';
export { provisionTemporalCli, provisionTestServer, type ProgramSource, type ProvisionedProgram, type ProvisionOptions } from './provision';
