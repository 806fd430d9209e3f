/** `durable-lro/plugin`: operations in a worker that is somebody else's. */
export { ConfigError, loadConfig, type LroConfig } from '../config';
export { LroPlugin, type LroPluginOptions } from './plugin';
