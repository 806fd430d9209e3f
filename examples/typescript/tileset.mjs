import { LroClient, OperationError } from 'durable-lro';

const datasetId = process.argv[2] ?? 'no-such-dataset';
const lro = await LroClient.connect({ taskQueue: process.env.LRO_TASK_QUEUE });
try {
  const submit = { path: '/tilesets', query: { datasetId } };
  const tileset = await lro.startAndWaitAccepted({ connection: 'maps', submit }, { id: `tileset/${datasetId}` });
  console.log('accepted:', tileset.acceptance.operationId); // the service's 202; from here on nothing is lost
  console.log('location:', (await tileset.result()).resourceLocation);
} catch (error) {
  if (!(error instanceof OperationError)) throw error;
  console.log(`${error.type}: ${error.message}`); // the service's 400, or its reason why it failed
} finally {
  await lro.close();
}
