/** `durable-lro/nexus`: the service as callers name it, also in workflow code. Its handlers are in `durable-lro/worker`. */
export { lroService, NEXUS_SERVICE, type AcceptAnswer, type NexusRequest } from './service';
