import { LroClient } from 'durable-lro';

const lro = await LroClient.connect({ taskQueue: process.env.LRO_TASK_QUEUE });
const path = process.argv[2] ?? 'building.zip'; // read by the worker, below `files.readBelow`
const building = await lro.buildTileset({ connection: 'maps', package: { path } }, { id: `building/${path}` });
try {
  console.log('tileset:', (await building.result()).made.tileset.resourceLocation);
} catch (error) {
  console.log(error.message, '→ go on with', error.details?.resumeFrom); // the step, the service's words, and what to start next
} finally {
  await lro.close();
}
