/** The service `durable-lro` as a worker serves it. */
import { serviceHandler, type ServiceHandler } from 'nexus-rpc';
import { accept } from './accept';
import { BATCH, CHAIN, OPERATION, TILESET } from './request';
import { RunHandler } from './run';
import { lroService } from './service';

/** For `nexusServices` of a worker that has the workflows and activities on its own task queue. */
export function createNexusService(): ServiceHandler<typeof lroService.operations> {
  return serviceHandler(lroService, {
    accept,
    run: new RunHandler(OPERATION),
    runBatch: new RunHandler(BATCH),
    runChain: new RunHandler(CHAIN),
    buildTileset: new RunHandler(TILESET),
  });
}
